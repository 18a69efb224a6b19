import type { HostPattern } from "../fields/host-pattern.ts";
import type { Host } from "../hosts/host.ts";
import { type AcmeOptions, KNOWN_DIRECTORIES } from "../tls/acme/acme-options.ts";
import { isPublicName, isWildcard, type Subject, subjectOf } from "../tls/acme/subject.ts";

/** What a certificate is ordered for, and the pattern that it is served by. */
export interface PatternSubject {
  readonly pattern: string;
  readonly subject: Subject;
}

/**
 * What certificates are to be ordered: one for each name of a host that has none of its own, since a name that cannot be
 * proved is not to keep the others from theirs, and one for each of the option `names`.
 *
 * Names that no public authority knows, such as `localhost`, are passed over, unless the authority is one of your own. So
 * are patterns where nothing can prove them and single names are ordered for on demand.
 */
export function acmeSubjects(
  { names = [], directory = KNOWN_DIRECTORIES[0]!, challenge, onDemand }: AcmeOptions,
  hosts: readonly Host[],
  hasOwn: (pattern: string) => boolean,
): PatternSubject[] {
  const isPublicAuthority = KNOWN_DIRECTORIES.includes(directory);
  const ofHosts = hosts.flatMap((host) => host.names.flatMap(({ pattern }) => subjectOfPattern(pattern) ?? []));
  const isLeft = onDemand !== undefined && typeof challenge !== "object";
  const wanted = ofHosts.filter(({ pattern, subject }) => {
    if (isLeft && isWildcard(subject)) return false;
    const isKnown = subject.identifiers.every(({ value }) => {
      const name = value.replace(/^\*\./, "");
      return isPublicAuthority ? isPublicName(name) : name !== "localhost";
    });
    return isKnown && !hasOwn(pattern);
  });
  const given = names.map((name) => ({
    // A certificate's asterisk stands for one level.
    pattern: name.startsWith("*.") ? `+.${name.slice(2)}` : name.includes(":") ? `[${name}]` : name,
    subject: subjectOf(name),
  }));
  const all = new Map(
    [...wanted, ...given].map((each) => [each.subject.identifiers.map(({ value }) => value).join(), each]),
  );
  const list = [...all.values()];
  const trees = new Set(
    list.filter(({ subject }) => subject.identifiers.length > 1).map(({ subject }) => subject.name),
  );
  // The certificate of a tree is for one level below too, and both would be stored by the same name.
  return list.filter(({ subject: { name, identifiers } }) => identifiers.length > 1 || !trees.has(name));
}

function subjectOfPattern({ source, kind, name }: HostPattern): PatternSubject | undefined {
  switch (kind) {
    case "exact":
      return { pattern: source, subject: subjectOf(name) };
    case "tree":
      return { pattern: source, subject: subjectOf(`*.${name}`, name) };
    case "any":
      return undefined;
    default:
      return { pattern: source, subject: subjectOf(`*.${name}`) };
  }
}
