import { MillraceError } from "../../base/errors.ts";
import { DefaultFields } from "../../http/default-fields.ts";

const SCRIPTS = ["script-src"];
const SCRIPTS_AND_STYLES = ["script-src", "style-src"];

/** Changes to a Content-Security-Policy. */
export interface CspChanges {
  /** Directives in place of those of the same name; `false` leaves one out, the empty string is one without sources. */
  readonly directives?: Readonly<Record<string, string | false>>;
  /** Sources beside those that a directive has, such as `{ "script-src": "https://cdn.example" }`. */
  readonly add?: Readonly<Record<string, string>>;
  /** Whether browsers only report what they would have blocked. Default false. */
  readonly reportOnly?: boolean;
}

/**
 * What scripts may do least about: code comes from here or is named by nonce or hash. Looks (styles, images, fonts, media,
 * frames) may come from anywhere, since most sites have some from elsewhere.
 */
const DEFAULTS: Readonly<Record<string, string>> = {
  "default-src": "'self'",
  "script-src": "'self'",
  "style-src": "* 'unsafe-inline'",
  "img-src": "* data: blob:",
  "font-src": "* data:",
  "media-src": "* data: blob:",
  "frame-src": "* data: blob:",
  "worker-src": "'self' blob:",
  "object-src": "'none'",
  "base-uri": "'self'",
  "frame-ancestors": "'self'",
};

/** A policy: the field that carries it, and what it becomes with a nonce or hashes. */
export class Policy {
  readonly #directives: ReadonlyMap<string, string>;
  readonly #withHashes = new WeakMap<readonly string[], DefaultFields>();
  /** The name of the field. */
  readonly field: string;
  /** As it is for pages with neither nonce nor hashes. */
  readonly fields: DefaultFields;

  constructor(directives: ReadonlyMap<string, string>, isReportOnly: boolean) {
    this.#directives = directives;
    this.field = isReportOnly ? "content-security-policy-report-only" : "content-security-policy";
    this.fields = new DefaultFields({ [this.field]: this.#render([]) });
  }

  /** The policy that every host has unless it says otherwise. */
  static readonly default: Policy = new Policy(new Map(Object.entries(DEFAULTS)), false);

  /** The same with changes. @throws MillraceError `BAD_OPTION` */
  with({ directives = {}, add = {}, reportOnly }: CspChanges): Policy {
    const all = new Map(this.#directives);
    for (const [name, value] of Object.entries(directives)) {
      if (value === false) all.delete(checkedName(name));
      else all.set(checkedName(name), checkedValue(name, value));
    }
    for (const [name, value] of Object.entries(add)) {
      // CSP Level 3 §6.7: a fetch directive that is not there is default-src, whose sources must not be lost.
      const before = all.get(checkedName(name)) ?? (name.endsWith("-src") ? (all.get("default-src") ?? "") : "");
      const others = before === "'none'" ? "" : `${before} `;
      all.set(name, `${others}${checkedValue(name, value)}`.trim());
    }
    return new Policy(all, reportOnly ?? this.field.endsWith("only"));
  }

  /** The value for a page whose scripts, and styles where they need it, have a nonce. */
  withNonce(nonce: string): string {
    return this.#render([`'nonce-${nonce}'`], true);
  }

  /** The fields for a page whose inline scripts have these hashes. The same list gives the same object. */
  withHashes(hashes: readonly string[]): DefaultFields {
    let fields = this.#withHashes.get(hashes);
    if (fields === undefined) {
      const allowed = this.#sources("script-src").includes("'unsafe-inline'");
      // CSP Level 3 §6.7.3.2: with a hash, 'unsafe-inline' is ignored.
      fields = allowed ? this.fields : new DefaultFields({ [this.field]: this.#render(hashes) });
      this.#withHashes.set(hashes, fields);
    }
    return fields;
  }

  #sources(directive: string): string {
    return this.#directives.get(directive) ?? this.#directives.get("default-src") ?? "";
  }

  /** @param withStyles whether `extra` is for inline styles too, where these are not all allowed */
  #render(extra: readonly string[], withStyles = false): string {
    const all = new Map(this.#directives);
    const names = withStyles && !this.#sources("style-src").includes("'unsafe-inline'") ? SCRIPTS_AND_STYLES : SCRIPTS;
    for (const name of extra.length === 0 ? [] : names) {
      const before = this.#sources(name);
      // Without any directive for it, everything is allowed.
      if (before !== "") all.set(name, [before === "'none'" ? "" : before, ...extra].join(" ").trim());
    }
    return [...all].map(([name, value]) => (value === "" ? name : `${name} ${value}`)).join("; ");
  }
}

function checkedName(name: string): string {
  if (/^[a-z-]+$/.test(name)) return name;
  throw new MillraceError("BAD_OPTION", `${JSON.stringify(name)} is no directive of a Content-Security-Policy.`, {
    hint: "Directives are written in lower case, such as script-src.",
  });
}

/** CSP Level 3 §2.2.1: a semicolon would begin the next directive, a comma the next policy. */
function checkedValue(name: string, value: string): string {
  if (/^[\x20-\x2b\x2d-\x3a\x3c-\x7e]*$/.test(value)) return value.trim();
  throw new MillraceError("BAD_OPTION", `The value of ${name} holds what no source may: ${JSON.stringify(value)}.`, {
    hint: "Sources are separated by spaces; each directive is a property of its own.",
  });
}
