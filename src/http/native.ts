/** The platform's own Fetch classes, kept here since a program may put millrace's in their place (see `fetchApp`). */
export const native: {
  readonly Request: typeof globalThis.Request;
  readonly Response: typeof globalThis.Response;
  readonly Headers: typeof globalThis.Headers;
} = {
  Request: globalThis.Request,
  Response: globalThis.Response,
  Headers: globalThis.Headers,
};
