import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { benchPath, root, type Peer, type Use } from "./peer.ts";

/** Our own server: from its source, with an access log, and as it is published. */
export const millrace: readonly Peer[] = [
  variant("millrace", "src/cli.ts", "off", join(root, "examples/hello.ts")),
  variant("millrace with log", "src/cli.ts", "json", join(root, "examples/hello.ts")),
  variant("millrace from dist", "dist/cli.js", "off", benchPath("apps/published.mjs")),
];

function variant(name: string, cli: string, log: "off" | "json", hello: string): Peer {
  const file = join(root, cli);
  return {
    name,
    version: () => (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version,
    missing: () => (existsSync(file) ? undefined : `${cli} does not exist`),
    command: (use) => ({
      argv: [process.execPath, file, ...served(use, hello), "--port", String(use.port), "--log", log],
      env: { ROUTES: String(use.routes) },
    }),
  };
}

function served({ kind, folder }: Use, hello: string): string[] {
  if (kind === "files") return [folder];
  if (kind === "hello") return ["run", hello];
  return ["run", benchPath(kind === "hono" ? "apps/hono-app.ts" : "apps/millrace.ts")];
}
