/** A response as it stood on the wire, taken apart by a reader that never guesses. Everything is latin1. */
export interface WireResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Field lines in their order, names in lower case. */
  readonly fields: readonly (readonly [string, string])[];
  /** Statuses of the interim responses before it. */
  readonly interim: readonly number[];
  readonly body: string;
  /** Data of each chunk, when it was chunked. */
  readonly chunks: readonly string[] | undefined;
  readonly trailers: readonly (readonly [string, string])[];
  /** The value of a field, its lines joined, or undefined. */
  field(name: string): string | undefined;
}

const STATUS_LINE = /^(HTTP\/1\.1) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/;

/** Reads responses from octets that may not all be there yet. */
export class ResponseReader {
  #octets = "";
  #ended = false;
  #interim: number[] = [];

  push(octets: string): void {
    this.#octets += octets;
  }

  /** No more will come. */
  end(): void {
    this.#ended = true;
  }

  /** What has not been read. */
  get rest(): string {
    return this.#octets;
  }

  /** Passes over octets. */
  skip(count: number): void {
    this.#octets = this.#octets.slice(count);
  }

  /**
   * The next final response, or undefined when it is not complete.
   *
   * @throws when what is there is no response
   */
  next(isHead = false): WireResponse | undefined {
    for (;;) {
      const read = this.#head();
      if (read === undefined) return undefined;
      const { end, version, status, reason, fields } = read;
      if (status < 200 && status !== 101) {
        this.#interim.push(status);
        this.#octets = this.#octets.slice(end);
        continue;
      }
      const content = this.#content(end, status, fields, isHead);
      if (content === undefined) return undefined;
      this.#octets = this.#octets.slice(content.end);
      const { body, chunks, trailers } = content;
      const interim = this.#interim;
      this.#interim = [];
      const field = (name: string): string | undefined => valueOf(fields, name);
      return { version, status, reason, fields, interim, body, chunks, trailers, field };
    }
  }

  #head() {
    const end = this.#octets.indexOf("\r\n\r\n");
    if (end === -1) {
      if (!"HTTP/1.1 ".startsWith(this.#octets.slice(0, 9))) throw new Error(`No response: ${show(this.#octets)}`);
      return undefined;
    }
    const [statusLine = "", ...lines] = this.#octets.slice(0, end).split("\r\n");
    const match = STATUS_LINE.exec(statusLine);
    if (match === null) throw new Error(`No status line: ${show(statusLine)}`);
    const [, version = "", status = "", reason = ""] = match;
    return { end: end + 4, version, status: Number(status), reason, fields: fieldsOf(lines) };
  }

  #content(start: number, status: number, fields: WireResponse["fields"], isHead: boolean) {
    const codings = valueOf(fields, "transfer-encoding");
    const length = valueOf(fields, "content-length");
    if (codings !== undefined && length !== undefined) throw new Error("Both Content-Length and Transfer-Encoding");
    const none = { end: start, body: "", chunks: undefined, trailers: [] };
    if (isHead || status === 101 || status === 204 || status === 304) return none;
    if (codings !== undefined) {
      if (codings !== "chunked") throw new Error(`Transfer-Encoding: ${codings}`);
      return this.#chunked(start);
    }
    if (length === undefined)
      return this.#ended ? { ...none, end: Infinity, body: this.#octets.slice(start) } : undefined;
    if (!/^\d+$/.test(length)) throw new Error(`Content-Length: ${length}`);
    const end = start + Number(length);
    return this.#octets.length < end ? undefined : { ...none, end, body: this.#octets.slice(start, end) };
  }

  #chunked(start: number) {
    const chunks: string[] = [];
    let at = start;
    for (;;) {
      const lineEnd = this.#octets.indexOf("\r\n", at);
      if (lineEnd === -1) return undefined;
      const line = this.#octets.slice(at, lineEnd);
      if (!/^[0-9a-f]+$/.test(line)) throw new Error(`Chunk line: ${show(line)}`);
      const size = parseInt(line, 16);
      at = lineEnd + 2;
      if (size === 0) break;
      if (this.#octets.length < at + size + 2) return undefined;
      chunks.push(this.#octets.slice(at, at + size));
      at += size;
      if (this.#octets.slice(at, at + 2) !== "\r\n") throw new Error("Chunk data does not end with CR LF");
      at += 2;
    }
    const end = this.#octets.startsWith("\r\n", at) ? at : this.#octets.indexOf("\r\n\r\n", at) + 2;
    if (end === 1) return undefined;
    const trailers = end === at ? [] : fieldsOf(this.#octets.slice(at, end - 2).split("\r\n"));
    return { end: end + 2, body: chunks.join(""), chunks, trailers };
  }
}

function fieldsOf(lines: readonly string[]): [string, string][] {
  return lines.map((line) => {
    const match = FIELD_LINE.exec(line);
    if (match === null) throw new Error(`No field line: ${show(line)}`);
    return [(match[1] ?? "").toLowerCase(), match[2] ?? ""];
  });
}

function valueOf(fields: WireResponse["fields"], name: string): string | undefined {
  const values = fields.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

function show(octets: string): string {
  return JSON.stringify(octets.slice(0, 300));
}
