import { HostMap } from "../fields/host-pattern.ts";
import { parseIpv4 } from "../fields/ip-address.ts";
import type { Host } from "../hosts/host.ts";
import type { ClientPolicy, ClientPolicyFinder } from "../tls/client-policy.ts";

/** What a host says of itself. One that says nothing asks what is asked for its name by others. */
type Rule = ClientPolicy | "none";

/** What is asked of the clients of a server, by host: one policy for all names of a host. */
export class ClientPolicies implements ClientPolicyFinder {
  readonly #ofHosts = new Map<Host, Rule | undefined>();
  #ofServer: ClientPolicy | undefined;
  #byName: HostMap<Rule> | undefined;
  /** What is asked of who names nobody. */
  #nameless: Rule | undefined;

  /** Whether anybody is asked for a certificate. */
  get asksClients(): boolean {
    return this.#ofServer !== undefined || [...this.#ofHosts.values()].some((rule) => policyOf(rule) !== undefined);
  }

  /** Sets what holds where no host says anything. */
  setForAll(policy: ClientPolicy): void {
    this.#ofServer = policy;
    this.forget();
  }

  /** @param rule undefined for a host that says nothing */
  set(host: Host, rule: Rule | undefined): void {
    this.#ofHosts.set(host, rule);
    this.forget();
  }

  delete(host: Host): void {
    this.#ofHosts.delete(host);
    this.forget();
  }

  /** Names of hosts may have changed. */
  forget(): void {
    this.#byName = undefined;
  }

  /** What is asked in the handshake. @param name empty when the client named none, since it connected by address */
  find(name: string): ClientPolicy | undefined {
    const map = this.#map();
    return policyOf(name === "" ? this.#nameless : map.find(name));
  }

  /**
   * What is asked of who is answered by a host, whichever way it was found.
   *
   * @param host undefined where one handler answers everything
   * @param name by which it was found; empty when there was none
   */
  of(host: Host | undefined, name: string): ClientPolicy | undefined {
    const own = host === undefined ? undefined : this.#ofHosts.get(host);
    return policyOf(own ?? this.#map().find(name));
  }

  #map(): HostMap<Rule> {
    if (this.#byName !== undefined) return this.#byName;
    const map = new HostMap<Rule>();
    map.any = this.#ofServer;
    for (const [host, rule] of this.#ofHosts) {
      if (rule !== undefined) for (const { pattern } of host.names) map.set(pattern, rule);
    }
    this.#nameless = this.#ofAddresses() ?? map.any;
    return (this.#byName = map);
  }

  /**
   * The rule that all hosts named by address share. RFC 6066 §3: no client names an address in its hello, and behind a
   * translation of addresses the one that it connected to says nothing.
   */
  #ofAddresses(): Rule | undefined {
    const rules = new Set<Rule | undefined>();
    for (const [host, rule] of this.#ofHosts) if (host.names.some(isAddress)) rules.add(rule);
    return rules.size === 1 ? rules.values().next().value : undefined;
  }
}

function isAddress({ pattern: { kind, name } }: Host["names"][number]): boolean {
  return kind === "exact" && (name.startsWith("[") || parseIpv4(name) !== -1);
}

function policyOf(rule: Rule | undefined): ClientPolicy | undefined {
  return rule === "none" ? undefined : rule;
}
