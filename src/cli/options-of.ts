import { MillraceError } from "../base/errors.ts";
import type { App } from "../server/app.ts";
import { isApp } from "../server/check-options.ts";
import type { ServerOptions } from "../server/options.ts";

/** The options of the server that a module's default export means. */
export function optionsOf(value: unknown, file: string): ServerOptions {
  if (isServer(value)) return value.options;
  if (isApp(value)) return { app: value as App };
  if (typeof value === "object" && value !== null && ("app" in value || "hosts" in value))
    return value as ServerOptions;
  throw new MillraceError("NO_APP", `The default export of ${file} answers no requests.`, {
    hint: "Export an arc, a host, a handler function, a WebServer, options with app or hosts, or an object with fetch.",
    place: { file, line: 1, column: 1 },
  });
}

/** A server, also one of another copy of this package. */
function isServer(value: unknown): value is { readonly options: ServerOptions } {
  const { start, stop, options } = value as { start?: unknown; stop?: unknown; options?: unknown };
  return typeof start === "function" && typeof stop === "function" && typeof options === "object";
}
