import { enableCompileCache, getCompileCacheDir } from "node:module";
import { join } from "node:path";
import { ownFolder, temporaryFolder } from "../base/own-folder.ts";

/**
 * Has Node keep compiled modules, TypeScript already stripped, for the next start: it takes half the time. Without a
 * folder that is safe, or when `NODE_DISABLE_COMPILE_CACHE` says so, it does not.
 *
 * What is kept is run as it is found. Node's own folder for it, in the one for temporary files, is whoever's made it
 * first: of somebody who waits for root to start a server. See decision 0031.
 */
export function keepCompiled(): void {
  // `NODE_COMPILE_CACHE` has named a folder.
  if (getCompileCacheDir() !== undefined) return;
  const folder = temporaryFolder();
  if (ownFolder(folder) === undefined) enableCompileCache(join(folder, "compiled"));
}
