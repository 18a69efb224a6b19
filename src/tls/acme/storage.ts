import type { MaybePromise } from "../../base/maybe-promise.ts";

/**
 * Where accounts, orders, certificates and challenges are kept: a folder by default, or anything that several servers
 * share.
 *
 * Keys are paths of names (`[A-Za-z0-9._-]`, separated by `/`). A value is small (below 64 KiB) and holds private keys: it
 * must be kept from others. `put` is atomic: whoever reads gets the old value or the new one, also after a crash.
 *
 * @example
 * const storage: CertificateStorage = {
 *   get: (key) => redis.get(key),
 *   put: (key, value) => redis.set(key, value),
 *   remove: (key) => redis.del(key),
 *   list: (prefix) => redis.keys(`${prefix}/*`),
 *   lock: (name) => redisLock(name),
 * };
 */
export interface CertificateStorage {
  /** The value of a key; undefined when there is none. */
  get(key: string): Promise<string | undefined>;
  /** Sets a value, for good once it resolves. */
  put(key: string, value: string): Promise<void>;
  /** Removes a key, if it is there. */
  remove(key: string): Promise<void>;
  /** The keys below a prefix, which ends where a name ends. */
  list(prefix: string): Promise<readonly string[]>;
  /** Takes a lock if nobody has it; undefined when somebody has. A lock whose owner has died becomes free by itself. */
  lock(name: string): Promise<StorageLock | undefined>;
}

/** A lock that is held. */
export interface StorageLock {
  /** Aborts when the lock was lost: to somebody who took its owner for dead. */
  readonly signal: AbortSignal;
  /** Lets go of it. */
  release(): MaybePromise<void>;
}

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** Whether a key is one: no name in it is empty, hidden, or leads upwards. */
export function isStorageKey(key: string): boolean {
  return key.length <= 1000 && KEY.test(key);
}
