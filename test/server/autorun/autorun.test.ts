import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { host } from "../../../src/index.ts";
import { until } from "../../life/fleet-process.ts";
import { ScriptSite } from "../../support/script-site.ts";

const page = (path: string, text: string): string =>
  `export default ({ get }) => { get(${JSON.stringify(path)}, () => ${JSON.stringify(text)}); };\n`;

suite("Autorun", { concurrency: 4 }, () => {
  test("LuaFlare autorun: scripts run at the start, in order, and again when they have changed", async () => {
    await using site = await ScriptSite.start({
      "autorun/b.ts": `globalThis.order.push("b");\n${page("/b", "b1")}`,
      "autorun/a/z.mts": `(globalThis.order ??= []).push("a/z");\n${page("/z", "z1")}`,
      "autorun/c.js": page("/c", "c1"),
      "autorun/d.mjs": page("/d", "d1"),
      "autorun/_helper.ts": "throw new Error('a helper runs');",
      "autorun/.hidden.ts": "throw new Error('a hidden file runs');",
      "autorun/_later/x.ts": "throw new Error('a script of a folder with _ runs');",
      "autorun/types.d.ts": "throw new Error('declarations run');",
    });
    assert.deepEqual((globalThis as { order?: string[] }).order, ["a/z", "b"]);
    assert.equal(site.said(/failed/).length, 0);
    for (const name of ["b", "z", "c", "d"]) assert.equal(await site.get(`/${name}`), `${name}1`);
    for (const [file, name] of Object.entries({ "b.ts": "b", "a/z.mts": "z", "c.js": "c", "d.mjs": "d" })) {
      site.write(`autorun/${file}`, page(`/${name}`, `${name}2`));
      await site.answers(`/${name}`, `${name}2`);
    }
    site.write("autorun/new/folder/e.ts", page("/e", "e1"));
    await site.answers("/e", "e1");
  });

  test("runs a script again when what it imports has changed, imports of imports and files outside the folder too", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.ts": `import { b } from "../lib/b.ts";\nexport default ({ get }) => { get("/a", () => b()); };`,
      "lib/b.ts": `import { c } from "./deep/c.ts";\nexport const b = () => "b" + c + data.d;\nimport data from "./d.json" with { type: "json" };`,
      "lib/deep/c.ts": "export const c: number = 1;",
      "lib/d.json": `{ "d": 1 }`,
    });
    assert.equal(await site.get("/a"), "b11");
    site.overwrite("lib/deep/c.ts", "export const c: number = 2;");
    await site.answers("/a", "b21");
    site.overwrite("lib/d.json", `{ "d": 2 }`);
    await site.answers("/a", "b22");
    assert.equal(site.runs, 3);
  });

  test("leaves modules that have not changed as they are, with their state", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.ts": `import { count } from "../lib/state.ts";\nexport default ({ get }) => { count(); get("/a", () => "1 " + count()); };`,
      "lib/state.ts": "let n = 0;\nexport const count = () => ++n;",
    });
    assert.equal(await site.get("/a"), "1 2");
    site.write(
      "autorun/a.ts",
      `import { count } from "../lib/state.ts";\nexport default ({ get }) => { count(); get("/a", () => "2 " + count()); };`,
    );
    await until(async () => (await site.get("/a")).startsWith("2 "));
    assert.ok(Number((await site.get("/a")).slice(2)) > 4, "the count goes on");
    site.write("lib/state.ts", "let n = 100;\nexport const count = () => ++n;");
    await until(async () => Number((await site.get("/a")).slice(2)) > 100);
  });

  for (const [what, text, place, message] of [
    ["a syntax error of TypeScript", "const a: = 1;\n", /a\.ts:1:10$/, /Unexpected token/],
    ["an error that it throws", "\nexport default () => {\n  nowhere();\n};\n", /a\.ts:3:3$/, /nowhere is not defined/],
    ["a rejection", "export default async () => {\n  throw new Error('late');\n};\n", /a\.ts:2:9$/, /late/],
    ["no default export", "export const a = 1;\n", /a\.ts:1:1$/, /exports no function/],
    ["an import of what is not there", `import "./_none.ts";\n`, /a\.ts:1:8$/, /Cannot find module/],
    [
      "a conflict with another script",
      `export default ({ get }) => {\n  get("/other", () => "");\n};\n`,
      /a\.ts:2:3$/,
      /conflicts/,
    ],
    ["a route that is no pattern", `export default ({ get }) => {\n  get("/:", () => "");\n};\n`, /a\.ts:2:3$/, /./],
    [
      "a run that never ends",
      "export default () => new Promise(() => {});\n",
      /a\.ts:1:1$/,
      /has not ended within 300 ms/,
    ],
  ] as const) {
    test(`leaves the version before in force at ${what}, and says where it is`, async () => {
      await using site = await ScriptSite.start(
        { "autorun/a.ts": page("/a", "old"), "autorun/other.ts": page("/other", "other") },
        {},
        /300/.test(message.source) ? { timeout: 300 } : {},
      );
      site.write("autorun/a.ts", text);
      await site.says(/^A script failed, and its version before goes on/);
      const [entry] = site.said(/^A script failed/);
      assert.match(String(entry!["place"]), place);
      assert.match(entry!.message, message);
      assert.match(String(entry!["frame"]), /^> *\d+ \| .*\n +\^/m);
      assert.equal(await site.get("/a"), "old");
      assert.equal(await site.get("/other"), "other");
      site.write("autorun/a.ts", page("/a", "mended"));
      await site.answers("/a", "mended");
      assert.equal(site.said(/failed/).length, 1);
    });
  }

  test("finds a syntax error of JavaScript, in an import too", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.js": `import { b } from "./_b.js";\nexport default ({ get }) => { get("/a", () => b); };`,
      "autorun/_b.js": "export const b = 'old';",
    });
    site.write("autorun/_b.js", "const twice = 1;\nlet twice = 2;\nexport const b = 'new';");
    await site.says(/failed/);
    assert.match(String(site.said(/failed/)[0]!["place"]), /_b\.js:2:5$/);
    assert.equal(await site.get("/a"), "old");
  });

  test("mends what failed for a file that was not there when that appears", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.ts": `import { b } from "./_b.ts";\nexport default ({ get }) => { get("/a", () => b); };`,
    });
    assert.match(site.said(/^A script failed: Cannot find/)[0]!.message, /_b\.ts/);
    site.write("autorun/_b.ts", "export const b = 'there';");
    await site.answers("/a", "there");
  });

  test("takes away what a script had registered that is deleted, and moves it when it is renamed", async () => {
    await using site = await ScriptSite.start({ "autorun/a.ts": page("/a", "a"), "autorun/b.ts": page("/b", "b") });
    site.rename("autorun/a.ts", "autorun/sub/z.ts");
    await until(() => site.runs === 2);
    assert.equal(site.said(/^Scripts have gone/).length, 0);
    assert.equal(await site.get("/a"), "a");
    site.remove("autorun/b.ts");
    await site.says(/^Scripts have gone/);
    assert.equal(await site.get("/b"), "");
    site.remove("autorun/sub");
    await site.says(/^Scripts have gone/, 2);
    assert.equal(await site.get("/a"), "");
  });

  test("leaves in force what a script had registered that is moved to where it fails", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.ts": `import { b } from "./_b.ts";\nexport default ({ get }) => { get("/a", () => b); };`,
      "autorun/_b.ts": "export const b = 1;",
    });
    site.rename("autorun/a.ts", "autorun/sub/a.ts");
    await site.says(/^A script failed, and its version before goes on: Cannot find module/);
    assert.equal(await site.get("/a"), "1");
    site.write("autorun/sub/_b.ts", "export const b = 2;");
    await site.answers("/a", "2");
    site.remove("autorun/sub/a.ts");
    await site.says(/^Scripts have gone/);
    assert.equal(await site.get("/a"), "");
  });

  test("moves routes from one script to another at one stroke", async () => {
    await using site = await ScriptSite.start({ "autorun/a.ts": page("/x", "a"), "autorun/b.ts": page("/y", "b") });
    site.overwrite("autorun/a.ts", page("/y", "a"));
    site.overwrite("autorun/b.ts", page("/x", "b"));
    await site.answers("/x", "b");
    assert.equal(await site.get("/y"), "a");
    assert.equal(site.said(/failed/).length, 0);
  });

  test("takes several edits in quick succession for one", async () => {
    await using site = await ScriptSite.start({ "autorun/a.ts": page("/a", "0"), "autorun/b.ts": page("/b", "0") });
    for (let edit = 1; edit <= 20; edit++) {
      if (edit % 2 === 0) site.write("autorun/a.ts", page("/a", String(edit)));
      else {
        site.overwrite("autorun/a.ts", "");
        site.overwrite("autorun/a.ts", page("/a", String(edit)));
      }
      site.overwrite("autorun/b.ts", page("/b", String(edit)));
    }
    await site.answers("/a", "20");
    assert.equal(await site.get("/b"), "20");
    assert.equal(site.runs, 2);
    assert.equal(site.said(/failed/).length, 0);
  });

  test("waits while files are being written", async () => {
    await using site = await ScriptSite.start({ "autorun/a.ts": page("/a", "0") });
    const line = `export default ({ get }) => { get("/a", () => "%s"); };\\n`;
    const loop = `for n in $(seq 1 500); do printf '${line}' $n > "$1"; done`;
    await promisify(execFile)("sh", ["-c", loop, "sh", site.path("autorun/a.ts")]);
    await site.answers("/a", "500");
    // One, unless the shell has been stopped for longer than files have to be quiet.
    assert.ok(site.runs + site.said(/failed/).length <= 4, `${site.runs} runs`);
  });

  test("misses nothing that changes while a script runs", async () => {
    await using site = await ScriptSite.start({ "autorun/a.ts": page("/a", "0") });
    const gate = ((globalThis as { reading?: PromiseWithResolvers<void> }).reading = Promise.withResolvers<void>());
    const hold = `globalThis.isRead = true;\nawait globalThis.reading.promise;\n`;
    site.write("autorun/a.ts", hold + page("/a", "1"));
    await until(() => "isRead" in globalThis);
    site.write("autorun/a.ts", page("/a", "2"));
    gate.resolve();
    await site.answers("/a", "2");
    assert.equal(site.said(/failed/).length, 0);
  });

  test("LuaFlare reloadScripts: the hook is called with the scripts that are about to run", async () => {
    await using site = ScriptSite.make({ "autorun/a.ts": page("/a", "1"), "autorun/b.ts": page("/b", "1") });
    const calls: string[][] = [];
    site.server.hooks.add("reloadScripts", (files) => {
      calls.push(files.map((file) => file.slice(site.path("autorun/").length)));
      throw new Error("a listener that fails stops nothing");
    });
    await site.server.start();
    site.write("autorun/b.ts", page("/b", "2"));
    await site.answers("/b", "2");
    assert.deepEqual(calls, [["a.ts", "b.ts"], ["b.ts"]]);
  });

  test("LuaFlare autorun: without watching scripts run once", async () => {
    await using site = await ScriptSite.start({ "autorun/a.ts": page("/a", "1") }, {}, { watch: false });
    site.write("autorun/a.ts", page("/a", "2"));
    site.write("autorun/b.ts", page("/b", "1"));
    // Longer than it takes to look without any event.
    await new Promise((done) => setTimeout(done, 2500));
    assert.equal(await site.get("/a"), "1");
    assert.equal(await site.get("/b"), "");
  });

  test("swaps hooks, tasks, upgrades, extensions and whatever has a remover, and cleans up", async () => {
    const script = (version: number): string => `
      export default ({ hooks, task, upgrade, use, register, onRemove, signal, arc, host, log, file }) => {
        const seen = (globalThis.seen ??= []);
        hooks.add("request", (request) => { request.state.version = ${version}; });
        task("count", () => {});
        upgrade("echo", () => "upgrade ${version}");
        use({ name: "mark", package: (response) => { response.headers.append("x-mark", "${version}"); }, close: () => { seen.push("closed ${version}"); } });
        register(() => { seen.push("+${version}"); return () => seen.push("-${version}"); });
        onRemove(() => { seen.push("cleaned ${version} " + signal.aborted); });
        arc.before((request) => request.path === "/never" ? "no" : undefined).get("/v", (request) => "v" + request.state.version);
        host("other.test").get("/", () => "other ${version}");
      };`;
    const seen: string[] = ((globalThis as { seen?: string[] }).seen = []);
    await using site = await ScriptSite.start({ "autorun/a.ts": script(1) });
    const other = async (): Promise<string> => (await site.server.fetch(new Request("http://other.test/"))).text();
    assert.equal(await site.get("/v"), "v1");
    assert.equal(await other(), "other 1");
    site.write("autorun/a.ts", script(2));
    await site.answers("/v", "v2");
    await until(() => seen.includes("closed 1"));
    assert.deepEqual(seen, ["+1", "-1", "+2", "cleaned 1 true", "closed 1"]);
    assert.equal(await other(), "other 2");
    const { headers } = await fetch(`${site.server.url}v`);
    assert.equal(headers.get("x-mark"), "2");
    assert.match(await upgraded(Number(new URL(site.server.url).port)), /upgrade 2$/);
    assert.deepEqual(
      site.server.tasks.status().map(({ name, owner }) => [name, owner]),
      [["count", site.path("autorun/a.ts")]],
    );
    assert.equal(site.server.hooks.status().find(({ name }) => name === "request")!.listeners.length, 1);
    site.remove("autorun/a.ts");
    await site.says(/^Scripts have gone/);
    assert.equal((await fetch(`${site.server.url}v`)).headers.get("x-mark"), null);
    assert.equal(site.server.tasks.status().length, 0);
    // A host without upgrades ignores the field.
    assert.match(await upgraded(Number(new URL(site.server.url).port)), /^HTTP\/1\.1 204/);
    // The host any answers again, which is the app.
    assert.equal(await other(), "");
    await until(() => seen.includes("closed 2"));
  });

  test("cleans up after scripts when the server has stopped, behind its extensions", async () => {
    const seen: string[] = ((globalThis as { atTheEnd?: string[] }).atTheEnd = []);
    const site = await ScriptSite.start({
      "autorun/a.ts": `export default ({ onRemove, signal, use }) => {
        use({ name: "mark", package() {}, close: () => { globalThis.atTheEnd.push("closed"); } });
        onRemove(() => { globalThis.atTheEnd.push("cleaned " + signal.aborted); });
      };`,
    });
    await site.server.stop();
    assert.deepEqual(seen, ["closed", "cleaned true"]);
    await site[Symbol.asyncDispose]();
  });

  test("lets requests end with the version that they began with, and only then cleans up after it", async () => {
    const script = (version: number): string => `
      export default ({ get, onRemove }) => {
        let isOpen = true;
        onRemove(() => { isOpen = false; });
        get("/slow", async () => { await globalThis.gate.promise; return isOpen ? "open ${version}" : "closed ${version}"; });
        get("/v", () => "${version}");
      };`;
    const gate = ((globalThis as { gate?: PromiseWithResolvers<void> }).gate = Promise.withResolvers<void>());
    await using site = await ScriptSite.start({ "autorun/a.ts": script(1) });
    const slow = site.get("/slow");
    await until(() => site.server.counts.requests > 0 || site.server.counts.connections > 0);
    await new Promise((done) => setTimeout(done, 50));
    site.write("autorun/a.ts", script(2));
    await site.answers("/v", "2");
    gate.resolve();
    assert.equal(await slow, "open 1");
    assert.equal(await site.get("/slow"), "open 2");
  });

  test("gives scripts of a host's folder to that host", async () => {
    await using site = ScriptSite.make(
      { "autorun/a.ts": page("/a", "server"), "shop/a.ts": page("/a", "shop") },
      (path) => ({
        hosts: [host("any"), host("shop.test", { autorun: path("shop") })],
        app: undefined,
      }),
    );
    await site.server.start();
    const at = async (url: string): Promise<string> => (await site.server.fetch(new Request(url))).text();
    assert.equal(await at("http://shop.test/a"), "shop");
    assert.equal(await at("http://else.test/a"), "server");
    site.write("shop/a.ts", page("/a", "shop 2"));
    await until(async () => (await at("http://shop.test/a")) === "shop 2");
    assert.equal(await at("http://else.test/a"), "server");
  });

  test("keeps the default extension of a name that a script had put another one in the place of", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.ts": `import { csp } from ${JSON.stringify(import.meta.resolve("../../../src/index.ts"))};
        export default ({ use, get }) => { use(csp({ add: { "img-src": "https://images.test" } })); get("/page", ({}) => new Response("<p>", { headers: { "content-type": "text/html" } })); };`,
      "autorun/b.ts": `export default ({ get }) => { get("/other", () => new Response("<p>", { headers: { "content-type": "text/html" } })); };`,
    });
    const policy = async (): Promise<string> =>
      (await fetch(`${site.server.url}other`)).headers.get("content-security-policy") ?? "none";
    assert.match(await policy(), /images\.test/);
    site.remove("autorun/a.ts");
    await site.says(/^Scripts have gone/);
    assert.match(await policy(), /script-src/);
    assert.doesNotMatch(await policy(), /images\.test/);
  });

  test("purges what is stored of versions before", async () => {
    const cached = (version: number): string => `
      import { text } from ${JSON.stringify(import.meta.resolve("../../../src/index.ts"))};
      let calls = 0;
      export default ({ get }) => { get("/a", () => Object.assign(text("${version} " + ++calls), { serverCache: "full" })); };`;
    await using site = await ScriptSite.start({ "autorun/a.ts": cached(1) });
    assert.equal(await site.get("/a"), "1 1");
    assert.equal(await site.get("/a"), "1 1");
    site.write("autorun/a.ts", cached(2));
    await site.answers("/a", "2 1");
  });

  test("refuses what an earlier version registers later", async () => {
    await using site = await ScriptSite.start({
      "autorun/a.ts": `export default ({ hooks, get }) => { globalThis.late = () => hooks.add("close", () => {}); get("/a", () => "1"); };`,
    });
    const { late } = globalThis as { late?: () => void };
    late!();
    site.write("autorun/a.ts", page("/a", "2"));
    await site.answers("/a", "2");
    assert.throws(late!, { code: "SCRIPT_GONE" });
  });

  test("says that a folder is missing, and that an option is wrong", async () => {
    await using site = ScriptSite.make({}, { autorun: "/nowhere/autorun" });
    await assert.rejects(site.server.start(), { code: "FOLDER_MISSING" });
    assert.throws(
      () => ScriptSite.make({}, { autorun: { folder: 1 } as never }),
      /autorun\.folder is to be a folder, got 1/,
    );
    assert.throws(() => ScriptSite.make({}, { autorun: { wach: true } as never }), /no option autorun\.wach/);
  });
});

test("A site of scripts whose server cannot be made, or started, leaves no folder", async () => {
  const folders: string[] = [];
  const broken = (options: object) => (path: (name: string) => string) => {
    folders.push(path(""));
    return options;
  };
  assert.throws(() => ScriptSite.make({ "autorun/a.ts": "" }, broken({ wrong: 1 })), { code: "UNKNOWN_OPTION" });
  await assert.rejects(ScriptSite.start({ "autorun/a.ts": "" }, broken({ autorun: "/nowhere" })));
  assert.equal(folders.length, 2);
  assert.deepEqual(
    folders.filter((folder) => existsSync(folder)),
    [],
  );
});

function upgraded(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, close\r\nUpgrade: echo\r\n\r\n");
    });
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}
