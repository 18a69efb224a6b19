import { callerPlace } from "../base/errors.ts";
import { checkOptions } from "./check-options.ts";
import type { ServerOptions } from "./options.ts";

/**
 * The options of a server, for the default export of `millrace.config.ts`: typed where they are written, and looked over
 * at once, so that an error names their place.
 *
 * @throws {MillraceError} `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_LISTEN`
 * @example
 * export default defineConfig({ listen: ":8080", app: files("./public") });
 */
export function defineConfig(options: ServerOptions): ServerOptions {
  checkOptions(options, callerPlace());
  return options;
}
