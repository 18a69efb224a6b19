import { homedir } from "node:os";
import { join } from "node:path";
import type { ChallengeKind } from "./challenge-solver.ts";
import type { DnsProvider } from "./dns-solver.ts";
import type { ExternalAccount } from "./external-account.ts";
import type { OnDemandOptions } from "./on-demand-options.ts";
import type { CertificateStorage } from "./storage.ts";

/**
 * How certificates are had by themselves (ACME, RFC 8555).
 *
 * @example
 * new WebServer({
 *   listen: [":80", { port: 443, tls: true }],
 *   hosts: [host("example.com", { aliases: ["www.example.com"] })],
 *   acme: { email: "admin@example.com", agree: true },
 * });
 */
export interface AcmeOptions {
  /** Whether you agree to the terms of service of the authority. Nothing is ordered without. */
  readonly agree: boolean;
  /** Where the authority writes to. Default: nowhere. */
  readonly email?: string | readonly string[] | undefined;
  /**
   * The authority: `"letsencrypt"` (default), `"letsencrypt-staging"` for trials, whose certificates nobody trusts and which
   * has wide limits, or the URL of a directory.
   */
  readonly directory?: string | undefined;
  /**
   * How names are proved: `"http-01"` on a plain listener that port 80 leads to, `"tls-alpn-01"` on one with TLS that port
   * 443 leads to, or by DNS, which wildcards need. Default: the first two, as far as there are listeners, in turn.
   */
  readonly challenge?: Exclude<ChallengeKind, "dns-01"> | DnsProvider | undefined;
  /** Names beside those of hosts, such as those of an app that has no hosts. Default: none. */
  readonly names?: readonly string[] | undefined;
  /**
   * Has certificates ordered for further names at the first handshake for each, such as those of customers: for names that
   * have no certificate, and that a host answers for (`host("any")`). Default: for none.
   *
   * @example
   * const acme = { agree: true, onDemand: { ask: (name) => customers.has(name) } };
   */
  readonly onDemand?: OnDemandOptions | undefined;
  /**
   * Where accounts, keys and certificates are kept: a folder that only this user may read, or something that several servers
   * share. Default: `$STATE_DIRECTORY/acme`, else `$XDG_DATA_HOME/millrace/acme`, else `~/.local/share/millrace/acme`.
   *
   * Danger: without it after a restart everything is ordered anew, of which authorities allow but few in a week.
   */
  readonly storage?: string | CertificateStorage | undefined;
  /** An account that you have with the authority, if it wants one. */
  readonly externalAccount?: ExternalAccount | undefined;
  /** The kind of certificate, such as `"shortlived"`. Default: what the authority takes for usual. */
  readonly profile?: string | undefined;
  /** The common name of the root that chains should lead to, where the authority offers several. */
  readonly preferredChain?: string | undefined;
  /** Certificates in PEM that the authority's own server is trusted by. Default: those that Node comes with. */
  readonly authority?: string | undefined;
  /** Addresses of resolvers that are asked for DNS records. Default: the name servers of the name. */
  readonly resolvers?: readonly string[] | undefined;
}

const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
};

/** The URL of the directory that an option names. */
export function directoryUrl(directory: string = "letsencrypt"): string {
  return (Object.hasOwn(DIRECTORIES, directory) && DIRECTORIES[directory]) || directory;
}

/** Names of directories that need no URL. */
export const KNOWN_DIRECTORIES: readonly string[] = Object.keys(DIRECTORIES);

/** The folder when none is given. */
export function defaultFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { STATE_DIRECTORY: state, XDG_DATA_HOME: data } = environment;
  // systemd gives several, separated by colons.
  if (state) return join(state.split(":", 1)[0]!, "acme");
  return join(data || join(homedir(), ".local/share"), "millrace/acme");
}
