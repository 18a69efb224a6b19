import { MillraceError } from "../../base/errors.ts";
import { DefaultFields } from "../../http/default-fields.ts";
import { documentType } from "../../pipeline/document-type.ts";
import { byPathPrefix } from "../../pipeline/path-prefix.ts";
import type { Extension } from "../../pipeline/stages.ts";

const POLICIES = [
  "no-referrer",
  "no-referrer-when-downgrade",
  "origin",
  "origin-when-cross-origin",
  "same-origin",
  "strict-origin",
  "strict-origin-when-cross-origin",
  "unsafe-url",
] as const;

/** What a browser tells of where a request comes from. Referrer Policy §3. */
export type ReferrerPolicy = (typeof POLICIES)[number];

/** The policy of a path and all below it. */
export interface ReferrerRule {
  readonly path: string | readonly string[];
  readonly policy: ReferrerPolicy;
}

/**
 * Referrer-Policy for documents and style sheets, whose requests it is for. Each host has this unless it says otherwise.
 * What a response says itself is sent.
 *
 * @param policy default `"strict-origin-when-cross-origin"`: other sites learn the origin and never the path
 * @param rules other policies by path: the longest that takes the request wins
 * @throws MillraceError `BAD_OPTION`, `BAD_SCOPE`
 */
export function referrerPolicy(
  policy: ReferrerPolicy = "strict-origin-when-cross-origin",
  rules: readonly ReferrerRule[] = [],
): Extension {
  const fallback = fieldsOf(policy);
  const find = byPathPrefix(rules.map(({ path, policy: other }) => ({ path, fields: fieldsOf(other) })));
  const choose = rules.length === 0 ? () => fallback : (path: string) => find(path)?.fields ?? fallback;
  return {
    name: "referrer-policy",
    priority: -100,
    package(response, request) {
      if (documentType(response) !== undefined) response.defaultTo(choose(request.path));
    },
  };
}

function fieldsOf(policy: ReferrerPolicy): DefaultFields {
  if (!POLICIES.includes(policy)) {
    const hint = `Policies are ${POLICIES.join(", ")}.`;
    throw new MillraceError("BAD_OPTION", `${JSON.stringify(policy)} is no referrer policy.`, { hint });
  }
  return new DefaultFields({ "referrer-policy": policy });
}
