import { isToken, lowerAscii, trimOws } from "../base/ascii.ts";
import { callerPlace, MillraceError } from "../base/errors.ts";
import { hasToken } from "../fields/token-list.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError } from "../http/http-error.ts";
import { Request } from "../http/request.ts";

/**
 * Offers that clients make by habit and that must not cost them their answer: RFC 9113 §3.1 has dropped `h2c`, and
 * curl still sends it.
 */
const IGNORED = new Set(["h2c", "http/2.0"]);

/** Who takes connections over, by the token of the Upgrade field. */
export class Upgrades {
  readonly #handlers = new Map<string, Handler>();

  /**
   * Registers a handler that answers with `upgrade(token, …)`.
   *
   * @param token such as `websocket`, or with a version `name/1.0`; case does not count
   * @throws MillraceError `BAD_UPGRADE` for what is no token, or one that is taken
   */
  set(token: string, handler: Handler): void {
    const key = lowerAscii(token);
    const place = callerPlace();
    const parts = key.split("/");
    if (parts.length > 2 || !parts.every(isToken)) {
      throw new MillraceError("BAD_UPGRADE", `${JSON.stringify(token)} is no token for the Upgrade field`, { place });
    }
    if (this.#handlers.has(key)) {
      throw new MillraceError("BAD_UPGRADE", `The upgrade ${token} has a handler already`, { place });
    }
    this.#handlers.set(key, handler);
  }

  /** Removes what was registered. */
  delete(token: string): void {
    this.#handlers.delete(lowerAscii(token));
  }

  /** How many there are: a host without any ignores the field. */
  get size(): number {
    return this.#handlers.size;
  }

  /** The same with a layer around each handler. */
  within(layer: Layer): Upgrades {
    const wrapped = new Upgrades();
    for (const [key, handler] of this.#handlers) wrapped.#handlers.set(key, layer(handler));
    return wrapped;
  }

  /**
   * The handler that a request asks for, or undefined when it asks for none.
   *
   * A server that has registered nothing does not come here: it ignores the field, as RFC 9110 §7.8 lets it.
   *
   * @throws HttpError 404 when it asks for nothing that is registered
   */
  find(request: Request): Handler | undefined {
    // RFC 9110 §7.8: HTTP/1.0 cannot upgrade, and Connection must name it. In HTTP/2 nobody can send the field, and a
    // session says with it that there is an extended CONNECT (RFC 8441 §4).
    if (request.protocol === "http/1.0") return undefined;
    if (Request.field(request, "upgrade") === null) return undefined;
    const offers = request.headers.get("upgrade");
    if (offers === null || !hasToken(request.headers.get("connection") ?? undefined, "upgrade")) return undefined;
    let isUnknown = false;
    for (const offer of offers.split(",")) {
      const token = lowerAscii(trimOws(offer));
      const handler = this.#handlers.get(token);
      if (handler !== undefined) return handler;
      isUnknown ||= !IGNORED.has(token);
    }
    if (isUnknown) throw new HttpError(404, "Upgrade not found");
    return undefined;
  }
}
