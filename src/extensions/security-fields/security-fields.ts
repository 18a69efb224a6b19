import { lowerAscii } from "../../base/ascii.ts";
import { DefaultFields } from "../../http/default-fields.ts";
import { documentType } from "../../pipeline/document-type.ts";
import type { Extension } from "../../pipeline/stages.ts";

/** Fields by name; `false` leaves one of the defaults out. */
export type FieldChanges = Readonly<Record<string, string | false>>;

/** What {@link securityFields} sends beside or in place of its defaults. */
export interface SecurityFieldsOptions {
  /** Fields of every response. Default: `X-Content-Type-Options: nosniff`. */
  readonly every?: FieldChanges;
  /**
   * Fields of documents (HTML, and XML with SVG). Default: `X-Frame-Options: SAMEORIGIN`, and over TLS
   * `Cross-Origin-Opener-Policy: same-origin-allow-popups`.
   */
  readonly documents?: FieldChanges;
}

const EVERY = { "x-content-type-options": "nosniff" };
const DOCUMENTS = {
  "x-frame-options": "SAMEORIGIN",
  "cross-origin-opener-policy": "same-origin-allow-popups",
};

/**
 * Fields that switch off what browsers do for the sake of old sites: guessing media types, and letting foreign pages frame
 * these or hold on to their windows. Each host has this unless it says otherwise. What a response says itself is sent.
 *
 * @throws TypeError when a name is no token or a value holds CR, LF or NUL
 * @example
 * host("example.com").use(securityFields({ documents: { "permissions-policy": "camera=(), geolocation=()" } }));
 */
export function securityFields(options: SecurityFieldsOptions = {}): Extension {
  const every = changed(EVERY, options.every);
  const secure = changed({ ...EVERY, ...DOCUMENTS }, { ...options.every, ...options.documents });
  // HTML §7.1.3: without TLS browsers ignore the opener policy, and say so in the console.
  const plain = changed(Object.fromEntries(secure), { "cross-origin-opener-policy": false });
  const [others, overTls, overTcp] = [every, secure, plain].map((fields) => new DefaultFields(fields));
  return {
    name: "security-fields",
    priority: -100,
    package(response, request) {
      const type = documentType(response);
      response.defaultTo((type === "html" || type === "xml" ? (request.secure ? overTls : overTcp) : others)!);
    },
  };
}

function changed(fields: FieldChanges, changes: FieldChanges = {}): [name: string, value: string][] {
  const lower = Object.entries(changes).map(([name, value]) => [lowerAscii(name), value] as const);
  return Object.entries({ ...fields, ...Object.fromEntries(lower) }).flatMap(([name, value]) =>
    value === false ? [] : [[name, value]],
  );
}
