import { MillraceError } from "../base/errors.ts";

/** Registers something and returns the function that removes it. */
export type Register = () => () => void;

/**
 * What one owner, such as a script, has registered: listeners, tasks, pages, upgrades, extensions, or anything else whose
 * registering gives the function that removes it.
 *
 * What is planned comes into force with {@link apply}, all of it or nothing, at one stroke: no request sees half of it.
 *
 * @example
 * const script = new Registrations("autorun/shop.ts");
 * script.plan(() => hooks.add("listen", announce));
 * script.plan(() => scheduler.add(task("stock", { when: every({ minutes: 5 }) }, count)));
 * script.replace(before);
 */
export class Registrations {
  /** Whose they are. */
  readonly owner: string;
  readonly #planned: Register[] = [];
  /** Removers of what is registered, latest last; undefined while nothing is in force. */
  #removers: (() => void)[] | undefined;

  constructor(owner: string) {
    this.owner = owner;
  }

  /** Plans a registration. While the others are in force it is registered at once. */
  plan(register: Register): void {
    this.#removers?.push(register());
    this.#planned.push(register);
  }

  /**
   * Registers everything, in the order in which it was planned. When one registration throws, those before it are
   * removed again, and the error is the caller's.
   */
  apply(): void {
    if (this.#removers !== undefined) return;
    this.#removers = [];
    try {
      for (const register of this.#planned) this.#removers.push(register());
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /**
   * Removes everything, latest first. It may be applied again.
   *
   * @throws {MillraceError} `NOT_REMOVED` when removers threw; the others have removed theirs nevertheless
   */
  remove(): void {
    const errors: unknown[] = [];
    for (const remove of this.#removers?.reverse() ?? []) {
      try {
        remove();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#removers = undefined;
    if (errors.length === 0) return;
    throw new MillraceError("NOT_REMOVED", `Not everything that ${this.owner} registered could be removed.`, {
      cause: errors.length === 1 ? errors[0] : new AggregateError(errors),
    });
  }

  /** Removes what `before` registered and applies these; when that fails `before` is in force as it was. */
  replace(before: Registrations | undefined): void {
    before?.remove();
    try {
      this.apply();
    } catch (error) {
      before?.apply();
      throw error;
    }
  }
}
