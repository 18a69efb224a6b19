/** A cache bounded in octets, as far as measuring it goes. */
export interface Policy {
  get(key: string): object | undefined;
  set(key: string, value: object, bytes: number): void;
  /** Octets held. */
  readonly bytes: number;
}

/** Makes a policy for a cache of so many octets. */
export type MakePolicy = (maxBytes: number) => Policy;

/** A hash of a key (FNV-1a), for policies that remember keys they no longer hold. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
