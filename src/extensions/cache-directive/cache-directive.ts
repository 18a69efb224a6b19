import { parseDecimal } from "../../base/ascii.ts";
import type { ClientCache, ServerCache } from "../../http/cache-preference.ts";
import type { Response } from "../../http/response.ts";
import { badDirective } from "../../pipeline/presenters.ts";
import type { Extension } from "../../pipeline/stages.ts";

/**
 * Files say by their first line how they are kept: `!> cache full client max-age=3600`.
 *
 * Before `client` stands what the server's cache does: `none`, `full` (once for all queries), `query-matters` (for each
 * query), `standard` (by the fields of the response) or `max-age=` with seconds. Behind it what clients do: `none`
 * (`no-store`), `changing` (`no-cache`), `full` (a year) or `max-age=` with seconds. Either may be left out.
 *
 * In a line with several names the last word on caching counts, so `cache` stands best at the end. What is for one client
 * alone (`allow-ips`, `nonce`) is not stored all the same.
 *
 * @example
 * host("example.com").use(templates(), cacheDirective()).mount("/", files("./public"));
 */
export function cacheDirective(): Extension {
  return {
    name: "cache-directive",
    presenter: {
      name: "cache",
      present(response, _request, args) {
        const mark = args.indexOf("client");
        const [server, client] = mark === -1 ? [args, []] : [args.slice(0, mark), args.slice(mark + 1)];
        if (server.length > 1 || client.length > 1 || args.length === 0 || (mark !== -1 && client.length === 0)) {
          throw badDirective(response, "does not say one thing after cache, and one after client", HINT);
        }
        if (server[0] !== undefined) response.serverCache = preference(response, server[0], SERVER);
        if (client[0] !== undefined) response.clientCache = preference(response, client[0], CLIENT);
      },
    },
  };
}

const HINT = "Such as: !> cache full client max-age=60";
const SERVER: readonly (ServerCache & string)[] = ["none", "standard", "query-matters", "full"];
const CLIENT: readonly (ClientCache & string)[] = ["none", "changing", "full"];
const MAX_AGE = "max-age=";

function preference<Word extends string>(
  response: Response,
  text: string,
  words: readonly Word[],
): Word | { readonly maxAge: number } {
  const word = words.find((known) => known === text);
  if (word !== undefined) return word;
  const maxAge = text.startsWith(MAX_AGE) ? parseDecimal(text.slice(MAX_AGE.length)) : -1;
  if (maxAge !== -1) return { maxAge };
  const all = [...words, `${MAX_AGE}60`].join(", ");
  throw badDirective(response, `asks for a cache that there is not: ${JSON.stringify(text)}`, `There are: ${all}.`);
}
