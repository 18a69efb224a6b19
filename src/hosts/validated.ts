import type { MaybePromise } from "../base/maybe-promise.ts";
import { parseContentType } from "../fields/content-type.ts";
import { HttpError } from "../http/http-error.ts";
import type { Request } from "../http/request.ts";

/** A schema of any library that speaks Standard Schema: Zod, Valibot, ArkType and more. */
export interface Schema<Out = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): MaybePromise<SchemaResult<Out>>;
    readonly types?: { readonly input: unknown; readonly output: Out } | undefined;
  };
}

type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a request of a route with a schema can do beside. */
export interface Validated<Out> {
  /**
   * The JSON content, as the schema of the route gives it.
   *
   * @throws HttpError 415 when the content is not JSON by its type, 400 when it is not by its text, 422 with the
   * schema's `issues` when it does not fit
   */
  valid(part: "body"): Promise<Out>;
}

/** Gives a request its `valid`. Nothing is read or checked before it is called. */
export function validated<R extends Request<never> | Request, Out>(
  request: R,
  schema: Schema<Out>,
): R & Validated<Out> {
  return Object.assign(request, { valid: () => validBody(request, schema) });
}

async function validBody<Out>(request: Request<never> | Request, schema: Schema<Out>): Promise<Out> {
  const type = parseContentType(request.headers.get("content-type") ?? undefined);
  // A form of another site can send text/plain without asking first, so the type counts, not what the text looks like.
  if (type === undefined || !(type.essence === "application/json" || type.subtype.endsWith("+json"))) {
    throw new HttpError(415, { detail: "The content must be JSON", fields: { accept: "application/json" } });
  }
  const result = await schema["~standard"].validate(await request.json());
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path = [] }) => ({
    message,
    path: path.map((part) => String(typeof part === "object" ? part.key : part)),
  }));
  throw new HttpError(422, { detail: "The content does not fit", members: { issues } });
}
