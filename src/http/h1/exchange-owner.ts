import type { Peer } from "../channel.ts";
import type { HttpServer } from "../http-server.ts";
import type { Output } from "../output.ts";
import type { RequestScope } from "../request-scope.ts";
import type { Response } from "../response.ts";
import type { Upgrade } from "../upgrade.ts";

/** The session, as its exchange sees it. */
export interface ExchangeOwner {
  readonly server: HttpServer;
  readonly peer: Peer;
  readonly output: Output;
  /** What is done for its requests. */
  readonly scope: RequestScope;
  /** Octets of content that have come: progress. */
  received(octets: number): void;
  /** Whether the connection is to be closed for reasons of its own. */
  mustClose(): boolean;
  /** Sends what is gathered, unless a batch is being read that will send it. */
  flush(): void;
  /** The state has changed: another deadline may hold. */
  rephase(): void;
  pause(): void;
  resume(): void;
  /** The exchange is over. tänzer's `nextRequest`: the session takes itself back. */
  next(): void;
  close(): void;
  /** Ends the connection now. */
  abort(): void;
  /** The connection goes to an upgrade. */
  lend(response: Response, take: Upgrade): void;
}
