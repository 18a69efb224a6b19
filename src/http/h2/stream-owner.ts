import type { Channel } from "../channel.ts";
import type { HttpServer } from "../http-server.ts";
import type { RequestScope } from "../request-scope.ts";
import type { Sender } from "./sender.ts";
import type { Stream } from "./stream.ts";

/** The session, as its streams see it. */
export interface StreamOwner {
  readonly server: HttpServer;
  readonly sender: Sender;
  /** What all its requests have in common. */
  readonly channel: Channel;
  /** What is done for its requests. */
  readonly scope: RequestScope;
  /** Whether the client may send content on the connection. */
  readonly hasRoom: boolean;
  /** Octets of content will not be held any longer. */
  release(octets: number): void;
  /** Gives the client more room on a stream. */
  widen(stream: number, octets: number): void;
  /** Sends RST_STREAM. */
  reset(stream: Stream, code: number): void;
  /** The stream is closed. */
  forget(stream: Stream): void;
  /** A handler is at work for a stream that is gone; or has come to an end. */
  orphaned(count: 1 | -1): void;
  /** Sends what is gathered, unless a batch is being read that will send it. */
  flush(): void;
  /** Something has a deadline. */
  watch(deadline: number): void;
  /** Ends the connection now. */
  abort(): void;
}
