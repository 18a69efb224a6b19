import { parseContentType } from "../fields/content-type.ts";
import { Pairs } from "../fields/pairs.ts";
import { parseQuery } from "../fields/query.ts";
import { HttpError } from "../http/http-error.ts";
import type { Request } from "../http/request.ts";
import { multipart, type MultipartOptions } from "./multipart.ts";

/** A file of a form, held in memory. */
export interface FormFile {
  /** The name of the field. */
  readonly name: string;
  /** The file's name on the sender's machine, without folders; empty when none was given. Not to be saved under. */
  readonly filename: string;
  /** The media type that the sender claims. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** What was filled in: fields by name, where a name may come more than once, and files. */
export class Form extends Pairs {
  readonly files: readonly FormFile[];

  /** @internal */
  constructor(fields: readonly (readonly [name: string, value: string])[], files: readonly FormFile[]) {
    super(() => ({
      names: fields.map(([name]) => name),
      values: fields.map(([, value]) => value),
      truncated: false,
    }));
    this.files = files;
  }

  /** The first file of a field. */
  file(name: string): FormFile | undefined {
    return this.files.find((file) => file.name === name);
  }
}

/** What a form may take in memory in all. */
const SMALL = 1024 * 1024;

/**
 * The form in a request, in memory: `application/x-www-form-urlencoded` or `multipart/form-data`.
 *
 * For files of any size see `saveUploads` and `multipart`.
 *
 * @param options.limits for multipart; 1 MiB in all by default
 * @throws HttpError 415 when the content is no form; 413 above a limit; 400 when the form is broken
 *
 * @example
 * const { name, tags } = await form(request).then((form) => ({ name: form.get("name"), tags: form.getAll("tag") }));
 */
export async function form(request: Request<unknown>, { limits }: MultipartOptions = {}): Promise<Form> {
  const type = parseContentType(request.headers.get("content-type") ?? undefined);
  if (type?.essence === "application/x-www-form-urlencoded") {
    const query = parseQuery(await request.text());
    if (query.truncated) throw new HttpError(413, "The form has too many fields");
    return new Form([...query], []);
  }
  if (type?.essence !== "multipart/form-data") throw new HttpError(415, "The content must be a form");
  const fields: [string, string][] = [];
  const files: FormFile[] = [];
  for await (const part of multipart(request, { limits: { total: SMALL, ...limits } })) {
    const { name, filename, type } = part;
    if (filename === undefined) fields.push([name, await part.text()]);
    else files.push({ name, filename, type, bytes: await part.bytes() });
  }
  return new Form(fields, files);
}
