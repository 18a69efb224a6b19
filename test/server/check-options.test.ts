import assert from "node:assert/strict";
import { test } from "node:test";
import { defineConfig, type MillraceError, type ServerOptions, WebServer } from "../../src/index.ts";

const app = (): string => "hello";

function refused(options: object): MillraceError {
  let refusal: MillraceError | undefined;
  assert.throws(
    () => defineConfig(options),
    (error: MillraceError) => {
      refusal = error;
      return true;
    },
  );
  assert.ok(refusal);
  return refusal;
}

test("Options that are fine are given back as they are", () => {
  const options: ServerOptions = {
    app,
    listen: [8080, ":80", "unix:/run/a.sock", { host: "::1", port: 0 }],
    limits: { buffered: 10, content: Infinity },
    timeouts: { idle: 0 },
    maxConnections: 10,
    perAddress: Infinity,
    proxyProtocol: { trusted: ["10.0.0.0/8"] },
    log: { write() {} },
    extensions: [{ name: "mine" }],
    development: false,
    onStartup: undefined,
  };
  assert.equal(defineConfig(options), options);
});

test("Commands are functions under names that can be written on a command line", () => {
  const message = (commands: unknown): string => refused({ app, commands }).message;
  assert.equal(message({ "clean up": () => {} }), 'commands: "clean up" is no name: letters, digits, ., _, : and -.');
  assert.equal(message({ greet: "hello" }), 'commands.greet is to be a function or { summary, run }, got "hello".');
  assert.equal(message([]), "commands is to be an object of functions by name, got a list.");
  const options: ServerOptions = {
    app,
    commands: { "users:list": () => [], greet: { summary: "says hello", run() {} } },
  };
  assert.equal(defineConfig(options), options);
});

test("An option that does not exist is named, with the one that was probably meant, and where it stands", () => {
  const error = refused({ lisen: 8080, app });
  assert.equal(error.code, "UNKNOWN_OPTION");
  assert.equal(error.message, 'There is no option lisen. Did you mean "listen"?');
  assert.equal(error.place?.file, import.meta.filename);
  assert.equal(
    refused({ limits: { bufered: 1 } }).message,
    'There is no option limits.bufered. Did you mean "buffered"?',
  );
  assert.equal(
    refused({ proxyProtocol: { trust: [] } }).message,
    'There is no option proxyProtocol.trust. Did you mean "trusted"?',
  );
});

test("An option of the wrong kind says what it is to be and what it is", () => {
  const cases: [object, RegExp][] = [
    [{ app: 7 }, /^app is to be a handler, an arc, a host or \{ fetch \}, got 7\.$/],
    [{ hosts: [app] }, /^hosts\[0\] is to be a host, got a function\.$/],
    [{ hosts: "x" }, /^hosts is to be a list of hosts, got "x"\.$/],
    [{ extensions: {} }, /^extensions is to be a list/],
    [{ extensions: [{}] }, /^extensions\[0\] is to be an extension/],
    [{ limits: 5 }, /^limits is to be an object, got 5\.$/],
    [{ limits: { head: "16k" } }, /^limits\.head is to be a number from 0 on, got "16k"\.$/],
    [{ timeouts: { idle: -1 } }, /^timeouts\.idle is to be a number from 0 on, got -1\.$/],
    [{ limits: { head: Number.NaN } }, /got NaN/],
    [{ maxConnections: 0 }, /^maxConnections is to be a whole number from 1 on/],
    [{ perAddress: 1.5 }, /^perAddress is to be/],
    [{ proxyProtocol: { trusted: "10.0.0.1" } }, /^proxyProtocol\.trusted is to be a list of addresses/],
    [{ proxyProtocol: { trusted: ["10.0.0.1/8"] } }, /^proxyProtocol\.trusted: .*did you mean 10\.0\.0\.0\/8/],
    [{ log: "jsno" }, /^log is to be .* Did you mean "json"\?$/],
    [{ development: "yes" }, /^development is to be true or false, got "yes"\.$/],
    [{ onStartup: {} }, /^onStartup is to be a function, got an object\.$/],
    [{ listen: "nowhere" }, /^"nowhere" is no place to listen on\.$/],
    [[], /^The options is to be an object/],
  ];
  for (const [options, message] of cases) assert.match(refused(options).message, message);
});

test("A server without anything that answers is refused", () => {
  assert.throws(() => new WebServer({}), { code: "BAD_OPTION", message: "A server needs an app or hosts." });
});

test("An extension that prepares responses belongs to a host", () => {
  const extensions = [{ name: "php", prepare: { match: "/x", handler: () => new Response() as never } }];
  assert.throws(() => new WebServer({ app, extensions }), { code: "BAD_OPTION", message: /php/ });
});
