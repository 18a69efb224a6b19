import type { CertificateStorage, StorageLock } from "../../../src/tls/acme/storage.ts";

/** Keeps everything in memory, as somebody else's storage might. Several servers may share its contents. */
export class MemoryStorage implements CertificateStorage {
  readonly values = new Map<string, string>();
  readonly locks = new Set<string>();
  /** Is called before each operation that changes something; may throw, or never end. */
  before: (what: string, key: string) => Promise<void> = async () => {};

  async get(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async put(key: string, value: string): Promise<void> {
    await this.before("put", key);
    this.values.set(key, value);
  }

  async remove(key: string): Promise<void> {
    await this.before("remove", key);
    this.values.delete(key);
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.values.keys()].filter((key) => key.startsWith(`${prefix}/`));
  }

  async lock(name: string): Promise<StorageLock | undefined> {
    if (this.locks.has(name)) return undefined;
    this.locks.add(name);
    return { signal: new AbortController().signal, release: () => void this.locks.delete(name) };
  }
}
