import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Handler } from "../../../src/http/handler.ts";
import type { FilesHandler } from "../../../src/hosts/loader/files.ts";
import { files } from "../../../src/hosts/loader/files.ts";
import type { LoaderOptions } from "../../../src/hosts/loader/loader.ts";
import { HttpError } from "../../../src/http/http-error.ts";
import type { RequestInit } from "../../../src/http/standard-request.ts";
import { Request } from "../../../src/http/request.ts";
import type { Response } from "../../../src/http/response.ts";

/** When files of a test were changed last, unless it says otherwise: long ago, so that entity tags are strong. */
export const CHANGED: Date = new Date("2024-02-29T12:30:45.678Z");

/** A folder with these files, removed after the test. */
export function folderWith(t: TestContext, contents: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-loader-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(contents)) put(join(folder, name), content);
  return folder;
}

const MAKE_FIFO = "mkfifo";

/** Makes a FIFO: who opens it waits for somebody at the other end. */
export function putFifo(path: string): void {
  execFileSync(MAKE_FIFO, [path]);
}

/** Writes a file that was changed long ago. */
export function put(file: string, content: string | Uint8Array, changed: Date = CHANGED): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, changed, changed);
}

/** Serves a folder until the test ends. */
export function serve(t: TestContext, folder: string, options?: LoaderOptions): FilesHandler {
  const handler = files(folder, options);
  t.after(() => handler.loader.close());
  return handler;
}

/** One request. An HttpError becomes its response, as the errors layer would have it. */
export async function get(handler: Handler, path: string, init: RequestInit = {}): Promise<Reply> {
  const request = new Request(`http://example.com${path}`, init);
  try {
    return await replyOf(await handler(request), request.method);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const fields = Object.entries(error.fields).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
    return { status: error.status, fields: new Map(fields), text: "" };
  } finally {
    Request.end(request, 0);
  }
}

/** What a client would see. */
export interface Reply {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  /** One character per octet. */
  readonly text: string;
}

async function replyOf(response: Response, method: string): Promise<Reply> {
  const fields = new Map(response.headers);
  const text = method === "HEAD" ? "" : Buffer.from(await response.bytes()).toString("latin1");
  return { status: response.status, fields, text };
}
