import { formatPlace, MillraceError } from "../base/errors.ts";
import type { Host, HostName } from "./host.ts";
import type { HostPattern } from "../fields/host-pattern.ts";

/** What makes two patterns the same. */
export function keyOf({ kind, name }: HostPattern): string {
  return `${kind} ${name}`;
}

/** The patterns that more than one host has, by their key. */
export function conflictsOf(hosts: Iterable<Host>): Map<string, MillraceError> {
  const owners = new Map<string, { readonly host: Host; readonly name: HostName }>();
  const conflicts = new Map<string, MillraceError>();
  for (const host of hosts) {
    for (const name of host.names) {
      const key = keyOf(name.pattern);
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, { host, name });
      else if (owner.host !== host) conflicts.set(key, conflictOf(owner.name, name));
    }
  }
  return conflicts;
}

function conflictOf(first: HostName, second: HostName): MillraceError {
  return new MillraceError(
    "HOST_CONFLICT",
    `The host ${placed(second)} conflicts with ${placed(first)}: both take the same names`,
    { hint: "Give each name to one host.", place: second.place },
  );
}

function placed({ pattern, place }: HostName): string {
  return place === undefined ? pattern.source : `${pattern.source} (${formatPlace(place)})`;
}
