import { readFileSync } from "node:fs";

/** One case of the HTTP/1.1 corpus: what is sent, and whether the client then says that it will send no more. */
export interface CorpusCase {
  readonly id: string;
  readonly raw?: string;
  readonly rawBase64?: string;
  readonly end?: boolean | "late";
}

export const corpus: readonly CorpusCase[] = JSON.parse(
  readFileSync(new URL("../conformance/h1/cases.json", import.meta.url), "utf8"),
) as CorpusCase[];

export function octetsOf(sent: CorpusCase): Buffer {
  return sent.rawBase64 === undefined ? Buffer.from(sent.raw ?? "", "latin1") : Buffer.from(sent.rawBase64, "base64");
}
