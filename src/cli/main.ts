import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { WebServer } from "../server/web-server.ts";

export async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { port: { type: "string" }, host: { type: "string" }, log: { type: "string" } },
  });
  const [, file = ""] = positionals;
  const module = (await import(pathToFileURL(resolve(file)).href)) as { default: never };
  const server = new WebServer({
    app: module.default,
    listen: `${values.host ?? "127.0.0.1"}:${values.port ?? 8080}`,
  });
  await server.start();
  const [address] = server.addresses;
  if (address?.kind === "tcp") console.log(`millrace: http://${address.host}:${address.port}/`);
  process.once("SIGINT", () => void server.stop());
  process.once("SIGTERM", () => void server.stop());
}
