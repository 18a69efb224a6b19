type Platform = Pick<typeof globalThis, "Headers" | "Request" | "Response">;

let known: Platform | undefined;

function platform(): Platform {
  const { Headers, Request, Response } = globalThis;
  return (known ??= { Headers, Request, Response });
}

/**
 * The platform's own Fetch classes, kept here since a program may put millrace's in their place (see `fetchApp`).
 *
 * The first touch of one has Node load all that belongs to `fetch()`: some 20 ms and 5 MiB, which most servers never need.
 * To look what a value is, ask {@link isTagged} first.
 */
export const native: Readonly<Platform> = {
  get Headers() {
    return platform().Headers;
  },
  get Request() {
    return platform().Request;
  },
  get Response() {
    return platform().Response;
  },
};

/** Whether a value says of itself that it is of this class of the Fetch standard: ours, the platform's, or a package's. */
export function isTagged(value: unknown, name: "FormData" | "Request" | "Response"): boolean {
  return typeof value === "object" && value !== null && (value as Tagged)[Symbol.toStringTag] === name;
}

interface Tagged {
  readonly [Symbol.toStringTag]?: unknown;
}

/** Whether a value is a form of the platform. */
export function isFormData(value: unknown): value is FormData {
  return isTagged(value, "FormData") && value instanceof FormData;
}
