import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseContentType } from "../fields/content-type.ts";
import type { Pairs } from "../fields/pairs.ts";
import { HttpError } from "../http/http-error.ts";
import type { Request } from "../http/request.ts";
import { Form } from "./form.ts";
import { multipart, type MultipartOptions, type Part } from "./multipart.ts";

/** How uploads are saved. */
export interface UploadOptions extends MultipartOptions {
  /**
   * Media types of files that are taken, such as `"image/*"` and `"application/pdf"`; others are answered with 415.
   * Default all. The sender claims the type: it says nothing about the content.
   */
  readonly types?: readonly string[];
}

/** A file that was saved. */
export interface SavedFile {
  /** The name of the field. */
  readonly name: string;
  /** The file's name on the sender's machine, without folders; empty when none was given. Not to be saved under. */
  readonly filename: string;
  /** The media type that the sender claims. */
  readonly type: string;
  /** Octets. */
  readonly size: number;
  /** Where it is: in the folder, under a name made for it. */
  readonly path: string;
}

/** What came with a form: its fields in memory, its files on the disk. */
export interface Uploads {
  readonly fields: Pairs;
  readonly files: readonly SavedFile[];
}

/**
 * Saves the files of a form (`multipart/form-data`) in a folder as they arrive, under random names without extension:
 * nothing that the sender says becomes part of a path. Only the server's own user can read them.
 *
 * When the form breaks off, is refused or cannot be saved, the files saved so far are removed again. After that they
 * are yours: move them or remove them.
 *
 * @param folder made when it is missing; not one that is served
 * @throws HttpError 415 when the content is no such form or a file has another type than asked for; 413 above a limit;
 *   400 when the form is broken; 507 when the disk is full
 *
 * @example
 * const { fields, files } = await saveUploads(request, "./uploads", { types: ["image/*"], limits: { file: 5_000_000 } });
 */
export async function saveUploads(
  request: Request<unknown>,
  folder: string,
  { limits, types }: UploadOptions = {},
): Promise<Uploads> {
  const root = resolve(folder);
  await mkdir(root, { recursive: true });
  const fields: [string, string][] = [];
  const files: SavedFile[] = [];
  const paths: string[] = [];
  try {
    for await (const part of multipart(request, limits === undefined ? {} : { limits })) {
      const { name, filename, type } = part;
      if (filename === undefined) {
        fields.push([name, await part.text()]);
        continue;
      }
      if (types !== undefined && !isTaken(type, types)) {
        throw new HttpError(415, `Files of type ${types.join(" or ")} are taken here`);
      }
      const path = join(root, randomUUID());
      paths.push(path);
      const size = await save(part, path);
      files.push({ name, filename, type, size, path });
    }
  } catch (error) {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
    throw isFull(error) ? new HttpError(507, { cause: error }) : error;
  }
  return { fields: new Form(fields, []), files };
}

async function save(part: Part, path: string): Promise<number> {
  // wx: never into a file, or through a link, that somebody put there.
  const file = await open(path, "wx", 0o600);
  try {
    let size = 0;
    for await (const octets of part) {
      await writeAll(file, octets);
      size += octets.length;
    }
    return size;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, octets: Uint8Array): Promise<void> {
  for (let written = 0; written < octets.length;) {
    written += (await file.write(octets, written)).bytesWritten;
  }
}

function isTaken(type: string, types: readonly string[]): boolean {
  const essence = parseContentType(type)?.essence ?? "";
  return types.some((wanted) => (wanted.endsWith("/*") ? essence.startsWith(wanted.slice(0, -1)) : essence === wanted));
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}
