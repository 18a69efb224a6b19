import type { Handler } from "../../http/handler.ts";
import { Loader, type LoaderOptions } from "./loader.ts";

/** A handler that serves a folder, and the loader behind it. */
export type FilesHandler = Handler & { readonly loader: Loader };

/**
 * Serves a folder.
 *
 * @param root the folder; a relative path starts from the folder that the process was started in
 * @throws MillraceError `FOLDER_MISSING` when there is no such folder
 *
 * @example
 * host("example.com").mount("/", files("./public", { listing: true, cacheControl: "max-age=60" }));
 */
export function files(root: string, options?: LoaderOptions): FilesHandler {
  const loader = new Loader(root, options);
  return Object.assign((request: Parameters<Handler>[0]) => loader.handle(request), { loader });
}
