import { normaliseSelecting } from "../fields/selecting.ts";
import { Request } from "../http/request.ts";

/** The fields of a request that a stored response was selected by, in a form in which equals are equal. RFC 9111 §4.1. */
export class Selecting {
  readonly #names: readonly string[];
  readonly #values: readonly (string | null)[];

  /** @param names in lower case */
  constructor(names: readonly string[], request: Request) {
    this.#names = names;
    this.#values = names.map((name) => flat(valueOf(request, name)));
  }

  /** Whether a request would select the same. */
  matches(request: Request): boolean {
    const names = this.#names;
    for (let at = 0; at < names.length; at++) if (valueOf(request, names[at]!) !== this.#values[at]) return false;
    return true;
  }

  /** Whether both select by the same fields with the same values. */
  equals(other: Selecting): boolean {
    return (
      this.#names.length === other.#names.length &&
      this.#names.every((name, at) => name === other.#names[at] && this.#values[at] === other.#values[at])
    );
  }
}

function valueOf(request: Request, name: string): string | null {
  return normaliseSelecting(name, Request.combined(request, name));
}

/** A copy: what is cut out of a request's head would keep all of it for as long as the response is stored. */
function flat(value: string | null): string | null {
  return value === null ? null : Buffer.from(value, "latin1").toString("latin1");
}
