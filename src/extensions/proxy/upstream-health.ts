/** How a server behind this one is, as requests to it have shown. */
export interface UpstreamStatus {
  /** Scheme, host and port. */
  readonly origin: string;
  /** `down`: the last request had no answer. `unused`: none has been sent yet. */
  readonly state: "up" | "down" | "unused";
  /** Requests that wait for the head of their answer. */
  readonly waiting: number;
  /** Requests that were answered. */
  readonly answered: number;
  /** Requests that were not: it could not be reached, was too slow, or gave no valid answer. */
  readonly failed: number;
  /** Why the last one that was not answered was not, and when. */
  readonly lastFailure: { readonly at: Date; readonly message: string } | undefined;
}

/** Those that are in use; whose proxy is no more goes by itself. */
const inUse = new Set<WeakRef<UpstreamHealth>>();

/** What is known of one upstream. */
export class UpstreamHealth {
  readonly #origin: string;
  #state: UpstreamStatus["state"] = "unused";
  #waiting = 0;
  #answered = 0;
  #failed = 0;
  #lastFailure: UpstreamStatus["lastFailure"];

  constructor(origin: string) {
    this.#origin = origin;
    inUse.add(new WeakRef(this));
  }

  get status(): UpstreamStatus {
    const [state, waiting, answered, failed] = [this.#state, this.#waiting, this.#answered, this.#failed];
    return { origin: this.#origin, state, waiting, answered, failed, lastFailure: this.#lastFailure };
  }

  /** Sees a request through to the head of its answer. @param isOurs whether an error is the upstream's failure */
  async watch<T>(answer: Promise<T>, isOurs: (error: unknown) => boolean): Promise<T> {
    this.#waiting++;
    try {
      const result = await answer;
      this.#state = "up";
      this.#answered++;
      return result;
    } catch (error) {
      if (isOurs(error)) this.#fail(error);
      throw error;
    } finally {
      this.#waiting--;
    }
  }

  #fail(error: unknown): void {
    this.#state = "down";
    this.#failed++;
    this.#lastFailure = { at: new Date(), message: error instanceof Error ? error.message : String(error) };
  }
}

/** All upstreams of this process, each origin once. */
export function upstreamStatus(): UpstreamStatus[] {
  const all: UpstreamStatus[] = [];
  for (const reference of inUse) {
    const health = reference.deref();
    if (health === undefined) inUse.delete(reference);
    else all.push(health.status);
  }
  return mergedUpstreams(all);
}

/** Those of one origin together: of several proxies, or of several workers. */
export function mergedUpstreams(all: readonly UpstreamStatus[]): UpstreamStatus[] {
  const byOrigin = new Map<string, UpstreamStatus>();
  for (const each of all) {
    const before = byOrigin.get(each.origin);
    byOrigin.set(each.origin, before === undefined ? each : merged(before, each));
  }
  return [...byOrigin.values()];
}

function merged(a: UpstreamStatus, b: UpstreamStatus): UpstreamStatus {
  const states = [a.state, b.state];
  const failures = [a.lastFailure, b.lastFailure].filter((each) => each !== undefined);
  return {
    origin: a.origin,
    state: states.includes("down") ? "down" : states.includes("up") ? "up" : "unused",
    waiting: a.waiting + b.waiting,
    answered: a.answered + b.answered,
    failed: a.failed + b.failed,
    lastFailure: failures.sort((x, y) => y.at.getTime() - x.at.getTime())[0],
  };
}
