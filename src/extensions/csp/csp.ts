import { isPromise, type MaybePromise } from "../../base/maybe-promise.ts";
import type { Representation } from "../../http/representation.ts";
import { Response } from "../../http/response.ts";
import { documentType } from "../../pipeline/document-type.ts";
import "../../pipeline/nonce.ts";
import { byPathPrefix } from "../../pipeline/path-prefix.ts";
import type { Extension } from "../../pipeline/stages.ts";
import { type CspChanges, Policy } from "./policy.ts";
import { scriptHashes } from "./script-hashes.ts";

/** The policy of a path and all below it. */
export interface CspRule extends CspChanges {
  readonly path: string | readonly string[];
  /** Whether there is no policy at all, for pages that bring their own or can have none. Default false. */
  readonly off?: boolean;
}

/** How {@link csp} changes the default policy. */
export interface CspOptions extends CspChanges {
  /** Further changes by path: of the rules that take a request, the one with the longest path counts. */
  readonly rules?: readonly CspRule[];
  /** Whether the inline scripts of HTML files may run. Default true. They are named by their hashes. */
  readonly hashes?: boolean;
}

/** What is in a nonce of CSP Level 3 §2.3.1, and can end nothing. */
const NONCE = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * Content-Security-Policy for documents. Each host has this unless it says otherwise; a response that has a policy keeps
 * it.
 *
 * Scripts are those of this origin, those with the nonce of the request (`nonceOf()`), and those that stand in the HTML
 * files that are served. Injected scripts and attributes such as `onclick` do not run.
 *
 * @throws MillraceError `BAD_OPTION`, `BAD_SCOPE`
 * @example
 * host("example.com").use(csp({
 *   add: { "script-src": "https://cdn.example", "connect-src": "https://api.example" },
 *   rules: [{ path: "/legacy", off: true }],
 * }));
 */
export function csp({ rules = [], hashes = true, ...changes }: CspOptions = {}): Extension {
  const policy = Policy.default.with(changes);
  const find = byPathPrefix(
    rules.map((rule) => ({ path: rule.path, policy: rule.off ? undefined : policy.with(rule) })),
  );
  const choose = (path: string): Policy | undefined => {
    const rule = rules.length === 0 ? undefined : find(path);
    return rule === undefined ? policy : rule.policy;
  };
  const extension: Extension = {
    name: "csp",
    priority: -100,
    package(response, request) {
      const type = documentType(response);
      if (type !== "html" && type !== "xml") return;
      const chosen = choose(request.path);
      if (chosen === undefined) return;
      const { nonce } = request.state;
      if (nonce === undefined || !NONCE.test(nonce)) response.defaultTo(chosen.fields);
      else if (!response.headers.has(chosen.field)) response.headers.set(chosen.field, chosen.withNonce(nonce));
    },
  };
  if (!hashes) return extension;
  // Here, since what is stored is asked for its scripts once, and waiting for a file is possible.
  const present: NonNullable<Extension["present"]> = (response, request) => {
    const representation = Response.parts.representation(response);
    if (representation?.file === undefined || documentType(response) !== "html") return;
    const chosen = choose(request.fullPath);
    if (chosen === undefined) return;
    const found = hashesOf(representation);
    const allow = (list: readonly string[]): void => {
      if (list.length > 0) response.defaultTo(chosen.withHashes(list));
    };
    return isPromise(found) ? found.then(allow) : allow(found);
  };
  return { ...extension, present };
}

/** By what is kept of a file: looked for once as long as the file stays the same. */
const found = new WeakMap<Representation, readonly string[]>();

function hashesOf(representation: Representation): MaybePromise<readonly string[]> {
  const known = found.get(representation);
  if (known !== undefined) return known;
  const remember = (page: Uint8Array): readonly string[] => {
    const list = scriptHashes(page);
    found.set(representation, list);
    return list;
  };
  const page = representation.whole();
  return isPromise(page) ? page.then(remember) : remember(page);
}
