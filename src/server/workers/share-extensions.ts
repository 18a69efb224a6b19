import type { Serializable } from "node:child_process";
import type { Extension } from "../../pipeline/stages.ts";
import type { Membership } from "./membership.ts";

/**
 * Lets each extension speak with itself in the other workers. All run the same program, so that extensions of one name are
 * told apart by their order.
 *
 * @param server the number of the server among those of the program
 */
export function shareExtensions(extensions: Iterable<Extension>, member: Membership, server: number): void {
  const seen = new Map<string, number>();
  for (const extension of extensions) {
    if (extension.share === undefined) continue;
    const { name } = extension;
    const index = seen.get(name) ?? 0;
    seen.set(name, index + 1);
    const topic = `extension/${server}/${name}/${index}`;
    extension.share({
      workers: member.workers,
      tell: (data, to) => member.broadcast(topic, data as Serializable, to),
      hear: (hear) => member.on(topic, hear),
    });
  }
}
