import { parseIpv4 } from "../fields/ip-address.ts";
import { parseHost } from "../fields/host.ts";
import { DefaultFields } from "../http/default-fields.ts";
import { HttpError } from "../http/http-error.ts";
import { redirect } from "../http/make.ts";
import type { Extension } from "../pipeline/stages.ts";

/** How a host insists on TLS. */
export interface HttpsOnlyOptions {
  /** The port that requests without TLS are sent to. Default: that of the server's first listener with TLS, or 443. */
  readonly port?: number;
  /** Whether browsers remember it, and how: Strict-Transport-Security. Default: true. */
  readonly hsts?: boolean | HstsOptions;
}

/** Strict-Transport-Security. RFC 6797 §6.1. */
export interface HstsOptions {
  /** Seconds that browsers remember it. Default: 15,552,000 (180 days). */
  readonly maxAge?: number;
  /**
   * Whether it holds for all names below the host's too. Default: false.
   *
   * Danger: a name below that has no TLS cannot be reached any more, for as long as `maxAge` says.
   */
  readonly includeSubDomains?: boolean;
  /**
   * Whether browsers may ship with it. It wants `includeSubDomains` and a `maxAge` of a year. Default: false.
   *
   * Danger: to be taken off their lists again takes months.
   */
  readonly preload?: boolean;
}

const MAX_AGE = 15_552_000;
const YEAR = 31_536_000;

/** Says what is wrong with the option `httpsOnly`, or nothing. */
export function faultOfHttpsOnly(value: boolean | HttpsOnlyOptions): string | undefined {
  if (typeof value === "boolean") return undefined;
  const { port = 443, hsts = true } = value;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return `httpsOnly.port is no port: ${String(port)}.`;
  const { maxAge = MAX_AGE, includeSubDomains = false, preload = false } = typeof hsts === "boolean" ? {} : hsts;
  if (!Number.isInteger(maxAge) || maxAge < 0) return "httpsOnly.hsts.maxAge is to be whole seconds from 0 on.";
  if (preload && (!includeSubDomains || maxAge < YEAR)) {
    return `httpsOnly.hsts.preload wants includeSubDomains, and maxAge from ${YEAR} on: lists take nothing less.`;
  }
  return undefined;
}

/**
 * Sends requests that came without TLS to where there is some, and has browsers remember it.
 *
 * Names of this machine and addresses are never remembered, and their redirects are not either: what runs at localhost
 * tomorrow may have no TLS. RFC 6797 §8.1.1.
 *
 * @param securePort the port of the server's first listener with TLS, once it is known
 */
export function httpsOnly(options: HttpsOnlyOptions, securePort: () => number | undefined): Extension {
  const { hsts = true } = options;
  const fields = hsts === false ? undefined : new DefaultFields({ "strict-transport-security": valueOf(hsts) });
  return {
    name: "https-only",
    // Nothing else is to answer first.
    priority: 1_000_000,
    prime(request) {
      if (request.secure) return undefined;
      const host = parseHost(request.host);
      if (host === undefined)
        throw new HttpError(400, { detail: "This site needs HTTPS, and the request names no host" });
      const port = options.port ?? securePort() ?? 443;
      const target = request.target === "*" ? "/" : request.target;
      const url = `https://${host.name}${port === 443 ? "" : `:${port}`}${target}`;
      return redirect(url, { permanent: !isTransient(host.name) });
    },
    // RFC 6797 §7.2: never without TLS.
    package(response, request) {
      if (fields === undefined || !request.secure) return;
      if (!isTransient(parseHost(request.host)?.name ?? "localhost")) response.defaultTo(fields);
    },
  };
}

function valueOf(hsts: true | HstsOptions): string {
  const { maxAge = MAX_AGE, includeSubDomains = false, preload = false } = hsts === true ? {} : hsts;
  return `max-age=${maxAge}${includeSubDomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}`;
}

/** Whether a name means this machine, or is an address. RFC 6761 §6.3. */
function isTransient(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name.startsWith("[") || parseIpv4(name) !== -1;
}
