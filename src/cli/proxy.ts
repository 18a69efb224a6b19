import { proxy as proxyTo } from "../extensions/proxy/proxy.ts";
import type { Command } from "./command.ts";
import { SERVER_FLAGS, startServer } from "./start-server.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace proxy URL` */
export const proxy: Command = {
  name: "proxy",
  usage: "URL",
  flags: [...SERVER_FLAGS, "cache"],
  description: "Passes every request on to the server at URL, such as http://127.0.0.1:3000.",
  async run([target, ...rest], args) {
    if (target === undefined) throw new UsageError('"millrace proxy" needs a URL, such as http://127.0.0.1:3000.');
    if (rest.length > 0) throw new UsageError(`"millrace proxy" takes one URL, got ${rest[0]} as well.`);
    await startServer({ app: handlerTo(target), cache: args.is("cache") ?? false }, target, args);
  },
};

function handlerTo(target: string): ReturnType<typeof proxyTo> {
  try {
    return proxyTo(target);
  } catch {
    throw new UsageError(`"millrace proxy" needs an http: or https: URL, got ${JSON.stringify(target)}.`);
  }
}
