import { parseTokenList } from "../../fields/token-list.ts";
import { addVary } from "../../fields/vary.ts";
import { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { byPathPrefix } from "../../pipeline/path-prefix.ts";
import type { Extension } from "../../pipeline/stages.ts";
import { type CorsRule, type ParsedRule, parseRule } from "./rule.ts";

/** What {@link cors} allows. */
export interface CorsOptions {
  /** Of the rules that take a request, the one with the longest path counts; paths without rule allow nothing. */
  readonly rules: readonly CorsRule[];
}

/**
 * Lets scripts of other origins read what paths answer (Fetch §3.3). Without this no field ever allows it, which is all it
 * takes to deny: a request that a form could send is still made, and only its answer is kept from the script.
 *
 * Preflights are answered before the cache and the routes: 204 with what is allowed, or 403 with nothing. All other
 * answers get their fields each time they are sent, stored or not, so that none shows one origin what is for another.
 *
 * @throws MillraceError `BAD_OPTION`, `BAD_SCOPE`
 * @example
 * host("api.example.com").use(cors({
 *   rules: [{ path: "/v1", origins: ["https://app.example.com"], methods: ["PUT"], headers: ["authorization"] }],
 * }));
 */
export function cors({ rules }: CorsOptions): Extension {
  const find = byPathPrefix(rules.map(parseRule));
  return {
    name: "cors",
    prime(request) {
      if (request.method !== "OPTIONS") return undefined;
      const origin = Request.field(request, "origin");
      const method = Request.field(request, "access-control-request-method");
      if (origin === null || method === null) return undefined;
      const rule = find(request.path);
      return rule === undefined ? undefined : preflight(rule, origin, method, request);
    },
    package(response, request) {
      const rule = find(request.path);
      if (rule === undefined || isPreflight(request)) return;
      // Also where no origin was sent or is allowed: a cache would give that answer to those that are. Fetch §3.3.5.
      if (rule.varies) vary(response, ["Origin"]);
      const origin = Request.field(request, "origin");
      const allowed = origin === null && rule.varies ? undefined : rule.allow(origin ?? "");
      if (allowed === undefined || response.headers.has("access-control-allow-origin")) return;
      allow(response, rule, allowed);
      if (rule.expose !== "") response.headers.set("access-control-expose-headers", rule.expose);
    },
  };
}

function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && Request.field(request, "access-control-request-method") !== null;
}

/** Fetch §4.8: what is refused has none of the fields. */
function preflight(rule: ParsedRule, origin: string, method: string, request: Request): Response {
  const allowed = rule.allow(origin);
  const wanted = parseTokenList(request.headers.get("access-control-request-headers") ?? "");
  const isAllowed =
    allowed !== undefined &&
    wanted !== undefined &&
    rule.methods.includes(method) &&
    (rule.headers === "*" || wanted.every((name) => rule.headers.includes(name)));
  const response = new Response(null, { status: isAllowed ? 204 : 403 });
  vary(response, ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"]);
  if (!isAllowed) return response;
  allow(response, rule, allowed);
  const { headers } = response;
  headers.set("access-control-allow-methods", rule.methods.join(", "));
  // The wildcard means nothing beside credentials, and never Authorization: the names themselves always do.
  const names = rule.headers === "*" ? wanted : rule.headers;
  if (names.length > 0) headers.set("access-control-allow-headers", names.join(", "));
  headers.set("access-control-max-age", String(rule.maxAge));
  return response;
}

function allow({ headers }: Response, rule: ParsedRule, origin: string): void {
  headers.set("access-control-allow-origin", origin);
  if (rule.credentials) headers.set("access-control-allow-credentials", "true");
}

function vary({ headers }: Response, names: readonly string[]): void {
  headers.set("vary", names.reduce<string | undefined>(addVary, headers.get("vary") ?? undefined)!);
}
