import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { LogFields, LogLevel } from "../../src/base/log.ts";
import { host } from "../../src/hosts/host.ts";
import { files } from "../../src/hosts/loader/files.ts";
import type { LoaderOptions } from "../../src/hosts/loader/loader.ts";
import type { Extension } from "../../src/pipeline/stages.ts";
import type { ServerOptions } from "../../src/server/options.ts";
import { testServer } from "../../src/testing.ts";

type Contents = Readonly<Record<string, string | Uint8Array>>;

export interface Site {
  readonly folder: string;
  readonly url: string;
  /** Everything that was logged, the causes of errors included. */
  readonly log: string[];
  fetch(path: string, init?: globalThis.RequestInit): Promise<globalThis.Response>;
  text(path: string, init?: globalThis.RequestInit): Promise<string>;
  /** Writes a file, and waits until the server can know. */
  put(name: string, content: string | Uint8Array): Promise<void>;
}

export interface SiteOptions {
  readonly loader?: LoaderOptions;
  readonly server?: Partial<ServerOptions>;
}

/** Long ago, so that entity tags are strong. */
const CHANGED = new Date("2024-02-29T12:30:45.678Z");
const SEEN = 60;

/** A folder behind a real server with some extensions. */
export async function siteOf(
  t: TestContext,
  contents: Contents,
  extensions: readonly Extension[],
  { loader, server = {} }: SiteOptions = {},
): Promise<Site> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-present-")));
  let changes = 0;
  const write = (name: string, content: string | Uint8Array): void => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    const time = new Date(CHANGED.getTime() + changes++ * 1000);
    utimesSync(file, time, time);
  };
  for (const [name, content] of Object.entries(contents)) write(name, content);
  const handler = files(folder, loader);
  const log: string[] = [];
  const site = host("any")
    .use(...extensions)
    .mount("/", handler);
  const running = await testServer({
    compress: false,
    ...server,
    hosts: [site],
    log: { write: (level, message, fields) => log.push(entryText(level, message, fields)) },
  });
  t.after(async () => {
    await running.close();
    handler.loader.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    url: running.url,
    log,
    fetch: running.fetch,
    text: async (path, init) => (await running.fetch(path, init)).text(),
    async put(name, content) {
      write(name, content);
      await new Promise((resolve) => setTimeout(resolve, SEEN));
    },
  };
}

function entryText(level: LogLevel, message: string, fields: LogFields = {}): string {
  const values = Object.values(fields).map((value) => (value instanceof Error ? errorText(value) : String(value)));
  return [level, message, ...values].join(" | ");
}

function errorText(error: Error): string {
  return error.cause instanceof Error ? `${error.message} | ${errorText(error.cause)}` : error.message;
}
