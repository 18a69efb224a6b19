/** What a client asks. */
export interface Ask {
  /** Default: `GET`. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  /** Sent behind the content. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What it is answered. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; the lines of Set-Cookie as a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Interim answers that came before, such as 103. */
  readonly interim: readonly { readonly status: number; readonly headers: Readonly<Record<string, unknown>> }[];
  /** The content as it comes. Ends with an error when it is cut off. */
  pieces(): AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  bytes(): Promise<Buffer>;
  /** What came behind the content, once that was read. */
  trailers(): Readonly<Record<string, string>>;
  /** Goes away in the middle of it. */
  abort(): void;
}

/** What not every way to a server has. */
export type Ability =
  /** There is a connection: it can be lost, and used again. */
  | "connection"
  /** 1xx. */
  | "interim"
  /** Trailers of requests. */
  | "trailers";

/** One way to a server. */
export interface Transport {
  readonly name: string;
  readonly protocol: "http/1.1" | "h2";
  readonly secure: boolean;
  readonly abilities: ReadonlySet<Ability>;
  ask(ask: Ask): Promise<Answer>;
  /** Connections that were opened so far. */
  connections(): number;
  close(): Promise<void>;
}

/** The content of an answer, read once. */
export async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** The content of a question, piece by piece. */
export async function* piecesOf(body: Ask["body"]): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  const pieces = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
  for await (const piece of pieces) yield typeof piece === "string" ? Buffer.from(piece) : piece;
}
