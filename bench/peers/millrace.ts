import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { benchPath, root, type Peer, type Use } from "./peer.ts";

interface Variant {
  readonly cli?: string;
  readonly log?: "off" | "json";
  readonly env?: Readonly<Record<string, string>>;
  /** The arguments that say what is served. */
  readonly serve?: (use: Use) => string[];
}

/** Our own server from its source, and what it is compared with of itself. */
export const millrace: readonly Peer[] = [
  variant("millrace"),
  variant("millrace with log", { log: "json" }),
  variant("millrace from dist", {
    cli: "dist/cli.js",
    serve: (use) => served(use, benchPath("apps/published.mjs")),
  }),
  variant("millrace plain route", { env: { STORED: "no" } }),
  variant("millrace proxy", { serve: ({ origin }) => ["proxy", `http://127.0.0.1:${origin}`, "--cache"] }),
  variant("millrace file", { serve: ({ folder }) => [folder] }),
];

function variant(name: string, { cli = "src/cli.ts", log = "off", env = {}, serve = served }: Variant = {}): Peer {
  const file = join(root, cli);
  return {
    name,
    version: () => (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version,
    missing: () => (existsSync(file) ? undefined : `${cli} does not exist`),
    command: (use) => ({
      argv: [process.execPath, file, ...serve(use), "--port", String(use.port), "--log", log, ...secured(use)],
      env: { ROUTES: String(use.routes), ...env },
    }),
  };
}

function secured({ tls }: Use): string[] {
  return tls === undefined ? [] : ["--tls", "--cert", tls.cert, "--key", tls.key];
}

function served({ kind, folder }: Use, hello: string = join(root, "examples/hello.ts")): string[] {
  if (kind === "files") return [folder];
  if (kind === "hello") return ["run", hello];
  const app = { app: "millrace", cache: "millrace-cache", hono: "hono-app" }[kind];
  return ["run", benchPath(`apps/${app}.ts`)];
}
