import { CidrList } from "../../fields/cidr-list.ts";
import { HttpError, NotFoundError } from "../../http/http-error.ts";
import { badDirective } from "../../pipeline/presenters.ts";
import type { Extension } from "../../pipeline/stages.ts";

/** How {@link allowIps} refuses. */
export interface AllowIpsOptions {
  /** 404, as if there were no such file (default), or 403. */
  readonly status?: 403 | 404 | undefined;
}

/**
 * Files whose first line is `!> allow-ips 192.0.2.0/24 2001:db8::/32` are there for clients with these addresses alone.
 *
 * They are never stored by this server's cache, whatever the line says beside, and are sent with `Cache-Control: private`
 * so that no other shared cache keeps them either. On a unix socket clients have no address: nobody is let in.
 *
 * @example
 * host("example.com").use(allowIps({ status: 403 })).mount("/", files("./public"));
 */
export function allowIps({ status = 404 }: AllowIpsOptions = {}): Extension {
  /** By the arguments of a line, which stay the same object for as long as the file does. */
  const lists = new WeakMap<readonly string[], CidrList>();
  return {
    name: "allow-ips",
    presenter: {
      name: "allow-ips",
      isPrivate: true,
      present(response, { remoteAddress }, args) {
        let list = lists.get(args);
        if (list === undefined) {
          try {
            if (args.length === 0) throw new TypeError("there is no address after allow-ips");
            list = new CidrList(args);
          } catch (error) {
            throw badDirective(response, `does not say whom to let in: ${(error as Error).message}`);
          }
          lists.set(args, list);
        }
        if (list.has(remoteAddress)) return;
        throw status === 404 ? new NotFoundError() : new HttpError(403);
      },
    },
  };
}
