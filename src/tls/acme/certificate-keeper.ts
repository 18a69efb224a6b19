import { inTurn } from "./in-turn.ts";
import { KeptSubject, type AcmeStatus, type Keeping } from "./kept-subject.ts";
import type { Subject } from "./subject.ts";

/** Milliseconds between two ticks. */
const TICK = 1000;
/** Milliseconds by which the wall clock has to be off what has passed, so that everything is looked at anew. */
const JUMP = 60_000;
/** Orders that one process makes at the same time, and questions when to renew. */
const AT_ONCE = 4;

interface Entry {
  readonly kept: KeptSubject;
  lookAt: number;
  /** The look that is under way. */
  looking: Promise<void> | undefined;
  /** Whether there is news that the look under way may have missed. */
  isAgain: boolean;
}

/** Keeps the certificates of all subjects fresh, in the background. */
export class CertificateKeeper {
  readonly #keeping: Keeping;
  readonly #subjects = new Map<string, Entry>();
  readonly #stopped = new AbortController();
  readonly #looks = new Set<Promise<void>>();
  #silence: (() => void) | undefined;
  /** What the wall clock was ahead of the monotonic one. */
  #ahead = 0;

  constructor(keeping: Omit<Keeping, "inTurn" | "askInTurn">) {
    this.#keeping = { ...keeping, inTurn: inTurn(AT_ONCE), askInTurn: inTurn(AT_ONCE) };
  }

  /** Adds subjects, and takes what the storage has of them. */
  async add(...subjects: readonly Subject[]): Promise<void> {
    const added = subjects.filter(({ name }) => !this.#subjects.has(name));
    const kept = added.map((subject) => new KeptSubject(subject, this.#keeping));
    for (const each of kept) {
      this.#subjects.set(each.subject.name, { kept: each, lookAt: 0, looking: undefined, isAgain: false });
    }
    await Promise.all(kept.map((each) => each.load()));
  }

  /** Keeps subjects no more; an order that is under way comes to its end. What is stored stays. */
  remove(...names: readonly string[]): void {
    for (const name of names) {
      this.#subjects.get(name)?.kept.retire();
      this.#subjects.delete(name);
    }
  }

  /** Begins to look, at once. */
  start(): void {
    const { clock } = this.#keeping;
    this.#ahead = clock.wall() - clock.now();
    this.#silence = clock.every(TICK, () => this.#tick());
    this.#tick();
  }

  /** Breaks off what is under way, which is gone on with at the next start. */
  async stop(): Promise<void> {
    this.#silence?.();
    this.#stopped.abort(new Error("The server stops."));
    await Promise.all(this.#looks);
  }

  /** Has a subject looked at without delay: another process says that there is something new. */
  look(name: string): void {
    const entry = this.#subjects.get(name);
    if (entry === undefined) return;
    entry.lookAt = 0;
    entry.isAgain = entry.looking !== undefined;
  }

  /** Looks at a subject now. @returns it, when that is over; undefined when it is not kept, or no more */
  async lookNow(name: string): Promise<KeptSubject | undefined> {
    const entry = this.#subjects.get(name);
    if (entry !== undefined) await this.#look(entry);
    return this.#subjects.get(name)?.kept;
  }

  /** Has a certificate replaced that was revoked, if it is still the one that is kept. */
  async revoked(name: string, serial: string): Promise<void> {
    await this.#subjects.get(name)?.kept.revoked(serial);
    this.look(name);
  }

  status(): AcmeStatus[] {
    return [...this.#subjects.values()].map(({ kept }) => kept.status());
  }

  #tick(): void {
    const { clock } = this.#keeping;
    const now = clock.now();
    const ahead = clock.wall() - now;
    const hasJumped = Math.abs(ahead - this.#ahead) > JUMP;
    this.#ahead = ahead;
    for (const entry of this.#subjects.values()) {
      if (entry.looking === undefined && (entry.lookAt <= now || hasJumped)) void this.#look(entry);
    }
  }

  #look(entry: Entry): Promise<void> {
    if (entry.looking !== undefined) return entry.looking;
    const look = entry.kept.look(this.#stopped.signal).then((rest) => {
      entry.looking = undefined;
      entry.lookAt = entry.isAgain ? 0 : this.#keeping.clock.now() + rest;
      entry.isAgain = false;
      this.#looks.delete(look);
    });
    this.#looks.add(look);
    entry.looking = look;
    return look;
  }
}
