import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type Running, startCommand } from "../support/run-command.ts";

const SOURCE = join(import.meta.dirname, "../../src/index.ts");
const folder = mkdtempSync(join(tmpdir(), "millrace-start-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Node keeps no list of the modules that it has loaded, but of those within it. */
const tracer = file(
  "tracer.mjs",
  `import { registerHooks } from "node:module";
  const files = (globalThis.loadedFiles = []);
  registerHooks({ load(url, context, next) { files.push(url); return next(url, context); } });`,
);

const app = file(
  "app.ts",
  `import { arc, Headers, html, Request, Response } from ${JSON.stringify(SOURCE)};
  const loaded = () => ({ builtins: process.moduleLoadList, files: globalThis.loadedFiles });
  class Point { x = 1; }
  async function* pieces() { yield "a"; }
  export default arc()
    .before((request) => void request.headers.get("accept"))
    .after((response) => response.headers.set("x-a", "1"))
    .get("/", () => ({ hello: "world" }))
    .get("/html", () => html("<p>" + "x".repeat(5000)))
    .get("/octets", () => new Response(new Uint8Array(3)))
    .get("/pieces", () => pieces())
    .get("/iterable", () => new Response(pieces()))
    .get("/instance", () => new Point())
    .get("/fails", () => { throw new Error("on purpose"); })
    .post("/json", async (request) => request.json())
    .get("/loaded", loaded)
    .get("/instanceof", (request) => [
      request instanceof globalThis.Request,
      request.headers instanceof globalThis.Headers,
      new Response("x") instanceof globalThis.Response,
      new Request("http://a/") instanceof globalThis.Request,
      new Headers() instanceof globalThis.Headers,
      request instanceof globalThis.Response,
      "then" in new Response("x") && typeof new Response("x").then,
    ]);`,
);

interface Loaded {
  readonly builtins: readonly string[];
  readonly files: readonly string[];
}

async function loadedBy(server: Running): Promise<Loaded> {
  return JSON.parse(await server.curl(new URL("/loaded", server.url).href)) as Loaded;
}

function start(env: Readonly<Record<string, string>> = {}): Promise<Running> {
  return startCommand(["run", app, "--port", "0", "--log", "off"], undefined, env);
}

describe("A start", () => {
  test("loads no package, and nothing of fetch(), until somebody needs it", async () => {
    await using server = await start({ NODE_OPTIONS: `--import ${tracer}` });
    for (const path of ["", "html", "octets", "pieces", "iterable", "instance", "fails", "nowhere"]) {
      await server.curl("-H", "Accept-Encoding: br", "-H", "Accept: text/html", server.url + path);
    }
    assert.equal(await server.curl("-H", "Content-Type: application/json", "-d", "[1]", `${server.url}json`), "[1]");
    const { builtins, files } = await loadedBy(server);
    assert.ok(files.includes(new URL("../../src/index.ts", import.meta.url).href));
    assert.deepEqual(
      files.filter((url) => url.includes("/node_modules/")),
      [],
    );
    const unwanted = /^NativeModule (internal\/deps\/undici\/undici|http|http2|https)$/;
    assert.deepEqual(
      builtins.filter((name) => unwanted.test(name)),
      [],
    );
    assert.deepEqual(JSON.parse(await server.curl(`${server.url}instanceof`)), [
      true,
      true,
      true,
      true,
      true,
      false,
      "undefined",
    ]);
    assert.ok(
      (await loadedBy(server)).builtins.some((name) => name.endsWith("undici")),
      "it can be seen",
    );
  });
});

describe("Compiled modules", () => {
  const entries = (path: string): string[] =>
    existsSync(path) ? readdirSync(path, { recursive: true, encoding: "utf8" }) : [];
  const temporary = (name: string): { home: string; own: string } => {
    const home = join(folder, name);
    mkdirSync(home);
    return { home, own: join(home, `millrace-${process.geteuid!()}`) };
  };
  const startAndStop = async (env: Readonly<Record<string, string>>): Promise<void> => {
    await using server = await start({ NODE_COMPILE_CACHE: "", XDG_RUNTIME_DIR: folder, ...env });
    assert.equal(await server.curl(server.url), '{"hello":"world"}');
    await server.stop();
  };

  test("are kept in a folder of this user alone", async () => {
    const { home, own } = temporary("first");
    await startAndStop({ TMPDIR: home });
    assert.ok(entries(join(own, "compiled")).length > 100);
    assert.deepEqual(readdirSync(home), [`millrace-${process.geteuid!()}`]);
  });

  test("are not looked for where others may have put them", async () => {
    const { home, own } = temporary("foreign");
    mkdirSync(own);
    chmodSync(own, 0o777);
    await startAndStop({ TMPDIR: home });
    assert.deepEqual(entries(home), [`millrace-${process.geteuid!()}`]);
  });

  test("are kept where NODE_COMPILE_CACHE says", async () => {
    const { home } = temporary("named");
    const named = join(folder, "chosen");
    await startAndStop({ TMPDIR: home, NODE_COMPILE_CACHE: named });
    assert.ok(entries(named).length > 100);
    assert.deepEqual(entries(home), []);
  });
});
