import type { Log, LogFields, LogLevel } from "../../base/log.ts";

/** What a worker says for the log. */
export interface Saying {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Milliseconds within which what several workers say is taken for the same. */
const WINDOW = 10_000;

/** Writes what workers say into the log: once, when each of them says it. */
export class Hearsay {
  readonly #log: Log;
  readonly #heard = new Map<string, { readonly since: number; readonly from: Set<object> }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param worker who says it. When it says the same once more, that is news */
  hear(worker: object, { level, message, fields }: Saying): void {
    const now = performance.now();
    for (const [key, { since }] of this.#heard) if (now - since > WINDOW) this.#heard.delete(key);
    // How long it took differs between workers, and so do lines of source that are being mended.
    const { milliseconds: _, frame: __, ...same } = fields;
    const key = JSON.stringify([message, same]);
    const before = this.#heard.get(key);
    if (before !== undefined && !before.from.has(worker)) return void before.from.add(worker);
    this.#heard.set(key, { since: now, from: new Set([worker]) });
    this.#log.write(level, message, fields);
  }
}
