import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { commandResult, runCommand, startCommand } from "../support/run-command.ts";

const SOURCE = join(import.meta.dirname, "../../src/index.ts");
const folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text.replaceAll('"millrace"', JSON.stringify(SOURCE)));
  return path;
}

test("millrace FOLDER serves its files with a listing, and --no-listing without", async () => {
  file("site/a.txt", "text of a");
  {
    await using server = await runCommand(join(folder, "site"));
    assert.equal(await (await fetch(new URL("/a.txt", server.url))).text(), "text of a");
    assert.match(await (await fetch(server.url, { headers: { accept: "text/html" } })).text(), /a\.txt/);
  }
  await using server = await runCommand("serve", join(folder, "site"), "--no-listing");
  assert.equal((await fetch(server.url)).status, 404);
  assert.equal((await fetch(new URL("/a.txt", server.url))).status, 200);
});

test("millrace runs whatever a module exports", async () => {
  const exported = {
    "handler.ts": "export default (request: Request) => `path ${request.url.slice(-2)}`;",
    "fetch.ts": "export default { fetch: (request: Request) => new Response(`path ${request.url.slice(-2)}`) };",
    "arc.ts": 'import { arc } from "millrace";\nexport default arc().get("/a", () => "path /a");',
    "server.ts": 'import { WebServer } from "millrace";\nexport default new WebServer({ app: () => "path /a" });',
    "options.ts": 'import { defineConfig } from "millrace";\nexport default defineConfig({ app: () => "path /a" });',
  };
  for (const [name, text] of Object.entries(exported)) {
    await using server = await runCommand(file(name, text));
    assert.equal(await (await fetch(new URL("/a", server.url))).text(), "path /a", name);
  }
});

test("millrace without arguments serves what millrace.config.ts says, or else the current folder", async () => {
  file(
    "with/millrace.config.ts",
    'import { defineConfig } from "millrace";\nexport default defineConfig({ app: () => "by config" });',
  );
  file("without/a.txt", "text of a");
  const flags = ["--port", "0", "--log", "off"];
  {
    await using server = await startCommand(flags, join(folder, "with"));
    assert.equal(await (await fetch(server.url)).text(), "by config");
  }
  {
    await using server = await startCommand(flags, join(folder, "without"));
    assert.equal(await (await fetch(new URL("/a.txt", server.url))).text(), "text of a");
  }
  await using server = await startCommand([...flags, "--config", join(folder, "with/millrace.config.ts")]);
  assert.equal(await (await fetch(server.url)).text(), "by config");
});

test("millrace writes one JSON line for each request where there is no terminal, and text when told", async () => {
  const app = file("logged.ts", 'export default () => "hello";');
  {
    await using server = await startCommand([app, "--port", "0"]);
    await (await fetch(new URL("/a?b=c", server.url))).text();
    await sleep(300);
    const [, line = ""] = server.stdout().split("\n");
    const entry = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual([entry["method"], entry["target"], entry["status"], entry["bytes"]], ["GET", "/a?b=c", 200, 5]);
  }
  await using server = await startCommand([app, "--port", "0", "--log", "text"]);
  await (await fetch(new URL("/a?b=c", server.url))).text();
  await sleep(300);
  assert.match(server.stdout(), /^\d\d:\d\d:\d\d {2}200 {2}GET {3}\/a\?b=c {2}5 B/m);
});

test("millrace writes the last lines of its log before it ends", async () => {
  const path = join(folder, "access.log");
  const app = file(
    "last.ts",
    `import { accessLog } from "millrace";
     export default { app: () => "hello", extensions: [accessLog({ to: ${JSON.stringify(path)} })] };`,
  );
  const server = await startCommand([app, "--port", "0"]);
  await (await fetch(server.url)).text();
  assert.equal(await server.stop("SIGTERM"), 0);
  assert.match(readFileSync(path, "utf8"), /^\{.*"status":200.*\}\n$/);
  assert.doesNotMatch(server.stdout(), /"status"/, "one access log is enough");
});

test("Rush WebServer.start(): the first signal lets answers end, the second does not", async () => {
  const app = file(
    "slow.ts",
    `import { setTimeout } from "node:timers/promises";
     export default async (request: Request) => {
       await setTimeout(request.url.endsWith("/long") ? 60_000 : 300);
       return "done";
     };`,
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const server = await runCommand(app);
    const answer = fetch(server.url).then((response) => response.text());
    await sleep(100);
    assert.equal(await server.stop(signal), 0);
    assert.equal(await answer, "done");
  }
  const server = await runCommand(app);
  const answer = fetch(new URL("/long", server.url));
  await sleep(100);
  const ended = server.stop("SIGINT");
  await sleep(100);
  await Promise.all([server.stop("SIGINT"), assert.rejects(answer)]);
  assert.equal(await ended, 130);
});

test("millrace takes the next free port when 8080 is taken and no port was asked for, and says so", async () => {
  const blocker = createServer().listen(8080, "127.0.0.1");
  await Promise.race([once(blocker, "listening"), once(blocker, "error")]);
  const app = file("next.ts", 'export default () => "hello";');
  {
    await using server = await startCommand([app, "--log", "off"]);
    assert.match(server.url, /:80(8[1-9]|9\d|100)\/$/);
    assert.match(server.stderr(), /Port 8080 is in use/);
  }
  const { code, stderr } = await commandResult([app, "--port", "8080", "--log", "off"]);
  assert.equal(code, 1);
  assert.match(stderr, /PORT_IN_USE.*8080/);
  blocker.close();
});

test("millrace names the place of a mistake in a module, with the lines around it and no stack of its own", async () => {
  const cases: [name: string, text: string, place: string, message: RegExp][] = [
    ["bad/syntax.ts", "const a = 1;\nconst b: = 2;\n", "syntax.ts:2:10", /SyntaxError/],
    ["bad/javascript.mjs", "const a = 1;\nconst a = 2;\n", "javascript.mjs:2:7", /already been declared/],
    ["bad/inner.ts", 'import "./javascript.mjs";\nexport default 1;\n', "javascript.mjs:2:7", /already been declared/],
    ["bad/missing.ts", '\nimport "./nothing.ts";\n', "missing.ts:2:8", /nothing\.ts/],
    ["bad/throws.ts", 'export {};\n  throw new Error("boom");\n', "throws.ts:2:9", /boom/],
    ["bad/name.ts", 'import { ark } from "millrace";\nexport default ark;\n', "name.ts:1:10", /ark/],
    [
      "bad/routes.ts",
      'import { arc } from "millrace";\nexport default arc()\n  .get("/a", () => 1)\n  .get("/a", () => 2);\n',
      "routes.ts:4:4",
      /ROUTE_CONFLICT/,
    ],
    [
      "bad/option.ts",
      'import { defineConfig } from "millrace";\nexport default defineConfig({\n  lisen: 1 as never,\n} as never);\n',
      "option.ts:2:16",
      /lisen.*"listen"/,
    ],
    ["bad/nothing.ts", "export {};\n", "nothing.ts:1:1", /NO_DEFAULT_EXPORT/],
    ["bad/seven.ts", "export default 7;\n", "seven.ts:1:1", /NO_APP/],
  ];
  for (const [name, text, place, message] of cases) {
    const { code, stderr } = await commandResult(["check", file(name, text)]);
    assert.equal(code, 1, name);
    assert.ok(stderr.includes(place), `${name}: ${stderr}`);
    assert.match(stderr, message, name);
    assert.match(stderr, /^ {2}> \d+ \| /m, name);
    assert.doesNotMatch(stderr, /^\s+at /m, name);
  }
});

test("millrace ends with 2 when it is used wrongly, and says what was probably meant", async () => {
  const cases: [string[], RegExp][] = [
    [["rnu"], /no command, file or folder rnu\. Did you mean "run"\?/],
    [["./nothing"], /no file or folder \.\/nothing/],
    [["--prot", "80"], /no flag --prot\. Did you mean "--port"\?/],
    [["--port", "eighty"], /--port is a number from 0 to 65535, got "eighty"/],
    [["--port"], /--port needs a value: --port N/],
    [["--log", "xml"], /--log is text, json, journal or off, got "xml"/],
    [["--open=1"], /--open takes no value/],
    [["run"], /needs a file/],
    [["run", "a.ts", "b.ts"], /takes one file/],
    [["check", "--port", "1", "examples/hello.ts"], /"millrace check" takes no flag --port/],
    [["explain"], /needs a URL/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, stderr } = await commandResult(args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, message);
    }),
  );
});

test("millrace check says what a config or a module holds", async () => {
  const { code, stdout } = await commandResult(["check", "examples/hello.ts"]);
  assert.deepEqual([code, stdout], [0, "examples/hello.ts is fine: 1 host, 2 routes\n"]);
});

const ROUTES = `import { arc, files, host, type Extension } from "millrace";
const api = arc().before(() => {}).get("/users/:id", () => 1).post("/users", () => 2);
const mark: Extension = { name: "mark", post() {} };
const site = host("example.com", { aliases: ["*.example.org"] }).use(mark).mount("/api", api)
  .redirect("/old", "/new").mount("/", files(import.meta.dirname));
export default { hosts: [site] };
`;

/** The cells of a table that a command has printed. */
function rowsOf(output: string): string[][] {
  const lines = output.trimEnd().split("\n");
  return lines.map((line) => line.split(/ {2,}/));
}

test("millrace routes lists host, method, pattern and place", async () => {
  const app = file("routes.ts", ROUTES);
  const { code, stdout } = await commandResult(["routes", app]);
  assert.equal(code, 0);
  const rows = rowsOf(stdout);
  assert.deepEqual(
    rows.map(([host, method, pattern]) => [host, method, pattern]),
    [
      ["example.com", "redirect", "/old"],
      ["example.com", "GET", "/*"],
      ["example.com", "GET", "/api/users/:id"],
      ["example.com", "POST", "/api/users"],
    ],
  );
  assert.equal(rows[2]?.[3], `${app}:2:36`);
});

test("millrace explain tells which host, stages and route a URL meets, and why", async () => {
  const app = file("explained.ts", ROUTES);
  const explained = async (url: string): Promise<string> => (await commandResult(["explain", url, app])).stdout;
  const user = await explained("http://www.example.org/api/./users/7?x=1");
  assert.match(user, /^Path {4}\/api\/users\/7, from \/api\/\.\/users\/7$/m);
  assert.match(user, /^Host {4}example\.com takes www\.example\.org by example\.com, \*\.example\.org/m);
  assert.match(user, /^Stages {2}.*package: .*csp; post: mark$/m);
  assert.match(user, /^Route {3}GET \/api\/users\/:id, through 1 before {2}.*explained\.ts:2:36$/m);
  assert.match(
    await explained("http://example.com/api/users"),
    /none for GET; the path takes POST, OPTIONS: 405|GET \/\*/,
  );
  assert.match(await explained("http://example.com/old"), /^Route {3}redirect \/old$/m);
  assert.match(await explained("http://example.com/a/b.png"), /^Route {3}GET \/\* \(files\)/m);
  assert.match(await explained("http://other.net/"), /none takes the name other\.net: 421/);
  assert.match(await explained("http://example.com/..%2fetc"), /not valid: 400/);
});

test("Kvarn stages: millrace routes --stages lists them with priorities and scopes, explain those that a URL meets", async () => {
  const app = file(
    "stages.ts",
    `import { type Extension, host, scoped } from "millrace";
const guard: Extension = { name: "guard", priority: 7, prime() {}, prepare: { match: "/made", handler: () => 1 as never } };
const site = host("example.com", { defaults: { csp: false } }).use(scoped({ path: ["/api", "/in"] }, guard));
export default { hosts: [site, host("plain.example", { defaults: false })], extensions: [{ name: "log", post() {} }] };
`,
  );
  const { code, stdout } = await commandResult(["routes", "--stages", app]);
  assert.equal(code, 0);
  const rows = rowsOf(stdout);
  assert.deepEqual(
    rows.filter(([, , name]) => ["log", "guard", "security-fields", "referrer-policy", "csp"].includes(name!)),
    [
      ["(server)", "post", "log", "0"],
      ["example.com", "prime", "guard", "7", "path /api, /in"],
      ["example.com", "prepare", "guard", "7", "path /api, /in"],
      ["example.com", "package", "security-fields", "-100"],
      ["example.com", "package", "referrer-policy", "-100"],
    ],
  );
  const stages = async (path: string): Promise<string | undefined> => {
    const explained = await commandResult(["explain", `http://example.com${path}`, app]);
    return /^Stages +(.*)$/m.exec(explained.stdout)?.[1];
  };
  assert.match(
    (await stages("/api/x")) ?? "",
    /^prime: guard; prepare: guard; .*package: security-fields, referrer-policy$/,
  );
  assert.match((await stages("/apish")) ?? "", /^(?!.*guard).*package: security-fields, referrer-policy$/);
});

test("millrace help and --version tell what they are asked", async () => {
  const { stdout: overview } = await commandResult(["help"]);
  for (const name of ["serve", "run", "check", "routes", "explain", "--port", "--no-listing"]) {
    assert.ok(overview.includes(name), name);
  }
  const { stdout: run } = await commandResult(["run", "--help"]);
  assert.match(run, /^millrace run FILE\n/);
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    version: string;
  };
  assert.equal((await commandResult(["--version"])).stdout, `${version}\n`);
});

test("millrace colours its words when asked to, and not otherwise", async () => {
  const plain = await commandResult(["./nothing.ts"]);
  assert.ok(!plain.stderr.includes("\u001b"));
  const missing = ["run", join(folder, "nothing.ts")];
  const coloured = await commandResult(missing, { env: { FORCE_COLOR: "1" } });
  assert.ok(coloured.stderr.startsWith("\u001b[31merror"), coloured.stderr);
  assert.ok(!(await commandResult(missing, { env: { NO_COLOR: "1" } })).stderr.includes("\u001b"));
});

test("millrace proxy passes requests on, and --cache keeps what may be kept", async () => {
  let count = 0;
  const upstream = createHttpServer(({ url }, outgoing) => {
    outgoing.setHeader("cache-control", "max-age=60");
    outgoing.end(`${url} ${++count}`);
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  try {
    {
      await using server = await runCommand("proxy", target, "--cache");
      assert.equal(await (await fetch(new URL("/a?b", server.url))).text(), "/a?b 1");
      assert.equal(await (await fetch(new URL("/a?b", server.url))).text(), "/a?b 1");
    }
    await using server = await runCommand("proxy", target);
    assert.equal(await (await fetch(new URL("/a", server.url))).text(), "/a 2");
    assert.equal(await (await fetch(new URL("/a", server.url))).text(), "/a 3");
  } finally {
    upstream.close();
    upstream.closeAllConnections();
  }
});

test("millrace proxy needs one http or https URL", async () => {
  for (const args of [[], ["ftp://a"], ["a"], ["http://a", "http://b"]]) {
    const { code, stderr } = await commandResult(["proxy", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /"millrace proxy" (?:needs|takes)/);
  }
});
