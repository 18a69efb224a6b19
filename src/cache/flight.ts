import { Request } from "../http/request.ts";
import type { StoredResponse } from "./stored-response.ts";

/** What a request found out for those that wait for the same: a response to share, or that there is none. */
export type Landing = StoredResponse | undefined;

/** A request on its way to the origin, and content on its way back. */
export class Flight {
  readonly key: string;
  readonly #request: Request;
  readonly #landing = Promise.withResolvers<Landing | "late">();
  #timer: NodeJS.Timeout | undefined;
  #hasLanded = false;
  /** Whether what it asks for has been purged or changed since it began: what it brings may be old and is not kept. */
  isVoid = false;

  constructor(key: string, request: Request) {
    this.key = key;
    this.#request = request;
  }

  /** Whether everybody has gone who waited for it: what comes, if anything, comes to a request that was given up. */
  get isForsaken(): boolean {
    return Request.isForsaken(this.#request);
  }

  /** The head of the response has come. */
  land(landing: Landing): void {
    this.#hasLanded = true;
    clearTimeout(this.#timer);
    this.#landing.resolve(landing);
  }

  /**
   * Waits until the head has come; `"late"` when that takes longer than `patience` milliseconds.
   *
   * As long as somebody waits, the client that asked first may go without taking the answer with it.
   *
   * @param request the one that waits
   */
  async follow(request: Request, patience: number): Promise<Landing | "late"> {
    const done = Request.hold(this.#request);
    request.signal.addEventListener("abort", done, { once: true });
    if (!this.#hasLanded) this.#timer ??= setTimeout(() => this.#landing.resolve("late"), patience).unref();
    try {
      return await this.#landing.promise;
    } finally {
      done();
    }
  }
}

/** All that is on its way, and for which of it others may wait. */
export class Flights {
  readonly #all = new Set<Flight>();
  readonly #shared = new Map<string, Flight>();

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** Whether there is any that others may wait for. */
  get areShared(): boolean {
    return this.#shared.size > 0;
  }

  /** The one that a request for this key may wait for. */
  find(key: string): Flight | undefined {
    const flight = this.#shared.get(key);
    if (flight?.isForsaken !== true) return flight;
    this.forsake(flight);
    return undefined;
  }

  /** @param mayShare whether others may wait for it, unless they wait for another already */
  begin(key: string, request: Request, mayShare: boolean): Flight {
    const flight = new Flight(key, request);
    this.#all.add(flight);
    if (mayShare && this.find(key) === undefined) this.#shared.set(key, flight);
    return flight;
  }

  /** The head has come. As long as content is on its way others may join. */
  land(flight: Flight | undefined, landing: Landing): void {
    if (flight === undefined) return;
    if (landing?.capture === undefined) this.end(flight);
    flight.land(landing);
  }

  /** Nobody need wait for it any more. */
  forsake(flight: Flight): void {
    if (this.#shared.get(flight.key) === flight) this.#shared.delete(flight.key);
  }

  end(flight: Flight): void {
    this.#all.delete(flight);
    this.forsake(flight);
  }

  /** What these bring will not be kept, and nobody else need wait for it. */
  void(isMeant: (key: string) => boolean): void {
    for (const flight of this.#all) {
      if (!isMeant(flight.key)) continue;
      flight.isVoid = true;
      this.forsake(flight);
    }
  }
}
