import type { ScriptRun } from "./script-run.ts";

/** A script whose runs change places. */
export interface Change {
  /** What is in force; undefined for a script that is new. */
  readonly before: ScriptRun | undefined;
  /** What is to be; undefined for a script that has gone. */
  readonly next: ScriptRun | undefined;
}

/** How a swap went. */
export interface Swapped {
  /** Those that were made. */
  readonly done: readonly Change[];
  /** Those that could not be made, so that what was before is in force. */
  readonly failed: readonly (readonly [change: Change, error: unknown])[];
  /** What went wrong while something was removed; it is removed nevertheless. */
  readonly errors: readonly unknown[];
}

/**
 * Puts runs of scripts in the place of those before them, all at one stroke: everything old is removed, then everything
 * new applied, without a turn of the event loop between. So what moves from one script to another conflicts with nothing.
 *
 * One that cannot be applied stays as it was, and the others are swapped. Where it cannot be told whose fault it is, each
 * is swapped by itself.
 *
 * @param prove folds what has come about. @throws what is wrong with it
 */
export function swapScripts(changes: readonly Change[], prove: () => void): Swapped {
  const failed = new Map<Change, unknown>();
  const scene = new Scene(changes);
  // Once more without each that fails: at most as often as there are scripts.
  for (;;) {
    const fault = scene.play((change) => (failed.has(change) ? change.before : change.next), prove);
    if (fault === undefined) break;
    const fresh = changes.filter((change) => !failed.has(change));
    const culprit = fault.change ?? (fresh.length === 1 ? fresh[0]! : undefined);
    if (culprit !== undefined && !failed.has(culprit)) {
      failed.set(culprit, fault.error);
      continue;
    }
    scene.play((change) => change.before);
    if (changes.length === 1) break;
    return together(
      changes.map((change) => swapScripts([change], prove)),
      scene.errors,
    );
  }
  return { done: changes.filter((change) => !failed.has(change)), failed: [...failed], errors: scene.errors };
}

function together(each: readonly Swapped[], errors: readonly unknown[]): Swapped {
  return {
    done: each.flatMap(({ done }) => done),
    failed: each.flatMap(({ failed }) => failed),
    errors: [...errors, ...each.flatMap((swapped) => swapped.errors)],
  };
}

/** What is in force of each script. */
class Scene {
  readonly errors: unknown[] = [];
  readonly #changes: readonly Change[];
  readonly #inForce: Map<Change, ScriptRun | undefined>;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
    this.#inForce = new Map(changes.map((change) => [change, change.before]));
  }

  /** Removes all, and applies what is wanted. @returns which one cannot be applied, if that can be told, and why */
  play(
    wanted: (change: Change) => ScriptRun | undefined,
    prove: () => void = () => {},
  ): { readonly change: Change | undefined; readonly error: unknown } | undefined {
    for (const change of this.#changes.toReversed()) this.#remove(change);
    for (const change of this.#changes) {
      const run = wanted(change);
      try {
        run?.registrations.apply();
        this.#inForce.set(change, run);
      } catch (error) {
        return { change, error };
      }
    }
    try {
      prove();
    } catch (error) {
      return { change: undefined, error };
    }
    return undefined;
  }

  #remove(change: Change): void {
    const run = this.#inForce.get(change);
    this.#inForce.set(change, undefined);
    try {
      run?.registrations.remove();
    } catch (error) {
      // The rest of it is removed all the same.
      this.errors.push(error);
    }
  }
}
