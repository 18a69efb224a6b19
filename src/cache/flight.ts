import { Request } from "../http/request.ts";
import type { StoredResponse } from "./stored-response.ts";

/** What a request found out for those that wait for the same: a response to share, or that there is none. */
export type Landing = StoredResponse | undefined;

/** A request to the origin that others for the same key wait for. */
export class Flight {
  readonly #request: Request;
  readonly #landing = Promise.withResolvers<Landing | "late">();
  #timer: NodeJS.Timeout | undefined;
  #hasLanded = false;

  constructor(request: Request) {
    this.#request = request;
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
   */
  async follow(patience: number): Promise<Landing | "late"> {
    const done = Request.hold(this.#request);
    if (!this.#hasLanded) this.#timer ??= setTimeout(() => this.#landing.resolve("late"), patience);
    try {
      return await this.#landing.promise;
    } finally {
      done();
    }
  }
}
