import { type Content, lengthOf, type StreamedContent } from "../http/content.ts";
import { Request } from "../http/request.ts";
import { Capture } from "./capture.ts";

/** How much content may be held, and be on its way there. */
export class Intake {
  readonly #maxEntryBytes: number;
  readonly #maxTransit: number;
  /** Octets of content that is on its way into the store. */
  #inTransit = 0;

  /** @param maxBytes octets that the store may hold @param maxEntryBytes octets of one response */
  constructor(maxBytes: number, maxEntryBytes: number) {
    this.#maxEntryBytes = maxEntryBytes;
    this.#maxTransit = maxBytes / 4;
  }

  /** Whether content says by itself that it is too long to be held. */
  isTooLong(content: Content): boolean {
    return lengthOf(content) > this.#maxEntryBytes;
  }

  /**
   * Follows streamed content while it is sent.
   *
   * @param request the one that it was asked for by, whose client may go: others read on
   * @param done called once, with all of it or without when it cannot be held
   */
  capture(request: Request, content: StreamedContent, done: (whole: Uint8Array | undefined) => void): Capture {
    let octets = 0;
    const release = Request.hold(request);
    return new Capture(content, lengthOf(content), {
      admit: (more) => {
        const fits = octets + more <= this.#maxEntryBytes && this.#inTransit + more <= this.#maxTransit;
        if (fits) [octets, this.#inTransit] = [octets + more, this.#inTransit + more];
        return fits;
      },
      done: (whole) => {
        this.#inTransit -= octets;
        done(whole);
        release();
      },
    });
  }
}
