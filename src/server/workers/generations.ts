import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { faultFields } from "../faults/fault-fields.ts";
import { Crew } from "./crew.ts";
import type { ToPrimary } from "./messages.ts";
import type { Program, Worker } from "./worker.ts";

/** What generations are made with, and who hears of them. */
export interface GenerationsParts {
  readonly program: Program;
  readonly log: Log;
  /** How many workers there are to be, unless the program says otherwise. */
  readonly count: number;
  /** Whether somebody serves already, whom only a program that runs is to replace. */
  readonly isHeir: boolean;
  /** A worker says something. */
  message(crew: Crew, worker: Worker, message: ToPrimary): void;
  /** A worker has ended. @param cause its exit code or the signal */
  gone(worker: Worker, cause: number | string): void;
  /** Nobody replaces a worker any more, and others go on. */
  abandoned(worker: Worker): Promise<void>;
  /** A crew has come to serve in the place of others. */
  succeeded(crew: Crew): Promise<void>;
  /** No worker is left and none will come, unless somebody knows better: see {@link Generations.rescue}. */
  givenUp(error: MillraceError): void;
}

/**
 * Helps a program that cannot run.
 *
 * @param renew starts workers in the place of those that there are
 * @throws when it cannot be helped
 */
export type Rescue = (error: MillraceError, renew: () => Promise<void>) => Promise<void>;

/** Milliseconds that exchanges may take to end after a reload. */
const DRAIN = 30_000;

/**
 * Leads from one version of a program to the next: each has a crew of workers, and that of the next takes the place of the
 * last when all of it listens. A crew that cannot start goes, and nothing has changed.
 */
export class Generations {
  readonly #parts: GenerationsParts;
  /** All that have workers; those of the past let exchanges end. */
  readonly #crews = new Set<Crew>();
  #current: Crew;
  #mustered = 0;
  #starting: Promise<void> | undefined;
  #reloading: Promise<void> | undefined;
  #isStopping = false;
  /** Hears that a reload begins. @param over settles when it has ended, in whatever way */
  onReload: (over: Promise<void>) => void = () => {};
  /** What is done about a program that cannot run, where that is not the end. */
  rescue: Rescue | undefined;

  constructor(parts: GenerationsParts) {
    this.#parts = parts;
    this.#current = this.#muster(parts.count);
  }

  /** The crew that serves, or is to be the first that does. */
  get current(): Crew {
    return this.#current;
  }

  /** The workers that there are, of all generations. */
  get workers(): readonly Worker[] {
    return [...this.#crews].flatMap(({ workers }) => workers);
  }

  /** Whether all of them end, or have ended. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Resolves when no reload is under way, whatever came of it. */
  async settled(): Promise<void> {
    await this.#reloading?.catch(() => {});
  }

  #muster(size: number): Crew {
    const { program, log } = this.#parts;
    const crew = new Crew(++this.#mustered, size, {
      program,
      log,
      events: {
        message: (worker, message) => this.#parts.message(crew, worker, message),
        gone: (worker, cause) => {
          this.#parts.gone(worker, cause);
          this.#forgetPast(crew);
        },
      },
      onGivenUp: (worker, left) => void (left > 0 ? this.#parts.abandoned(worker) : this.#giveUp(crew, worker)),
    });
    this.#crews.add(crew);
    return crew;
  }

  #forgetPast(crew: Crew): void {
    if (crew !== this.#current && crew.workers.length === 0) this.#crews.delete(crew);
  }

  // ---- the first

  /** Starts the first crew, unless it has been, and resolves when it serves. @throws {MillraceError} what a worker says */
  start(): Promise<void> {
    return (this.#starting ??= this.#start());
  }

  async #start(): Promise<void> {
    try {
      if (!this.#parts.isHeir) return await this.#current.start();
      await this.#current.startCarefully();
    } catch (error) {
      if (this.rescue === undefined) throw error;
      return this.rescue(error as MillraceError, () => this.#renew());
    }
    await this.#parts.succeeded(this.#current);
  }

  // ---- the next

  /**
   * Starts the program anew in new workers and, when all of them listen, lets the old ones end. Who asks meanwhile gets the
   * same.
   *
   * @throws {MillraceError} what a worker that cannot start says
   */
  reload(): Promise<void> {
    if (this.#reloading === undefined) {
      this.#reloading = this.#reload().finally(() => (this.#reloading = undefined));
      this.onReload(this.#reloading);
    }
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    await this.#starting;
    try {
      await this.#renew();
    } catch (error) {
      const fault = error as MillraceError;
      const text = `The reload failed, nothing has changed: ${fault.message}`;
      this.#parts.log.write("error", text, faultFields(fault));
      throw error;
    }
  }

  /** @throws as `reload` does */
  async #renew(): Promise<void> {
    this.#mustGoOn();
    const old = this.#current;
    const next = this.#muster(old.size);
    try {
      await next.startCarefully();
      this.#mustGoOn();
    } catch (error) {
      next.dismiss(DRAIN);
      throw error;
    }
    this.#current = next;
    old.leave(DRAIN, true);
    this.#forgetPast(old);
    await this.#parts.succeeded(next);
    this.#parts.log.write("info", "Reloaded", { generation: next.generation, workers: next.size });
  }

  #mustGoOn(): void {
    if (this.#isStopping) throw new MillraceError("STOPPING", "The server is stopping.");
  }

  // ---- the end

  /** The last worker of a crew has ended as soon as it started, and so did those before. */
  async #giveUp(crew: Crew, worker: Worker): Promise<void> {
    // What is being loaded may be mended.
    await this.settled();
    if (crew !== this.#current || this.#isStopping) return;
    const { code, message, hint, place } = worker.fault ?? {
      code: "CRASH_LOOP",
      message: "Workers end as soon as they start.",
    };
    const error = new MillraceError(code, message, { hint, place });
    if (this.rescue === undefined) return this.#parts.givenUp(error);
    await this.rescue(error, () => this.reload()).catch(() => this.#parts.givenUp(error));
  }

  /** Lets all workers end. @param deadline milliseconds @param isReplaced whether another process stands in */
  leave(deadline: number, isReplaced: boolean): void {
    this.#isStopping = true;
    for (const crew of this.#crews) crew.leave(deadline, isReplaced);
  }

  /** Ends all workers now. */
  kill(): void {
    this.#isStopping = true;
    for (const crew of this.#crews) crew.kill();
  }
}
