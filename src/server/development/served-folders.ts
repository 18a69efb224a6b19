import type { ArcParts } from "../../hosts/arc-parts.ts";
import type { Hosts } from "../../hosts/hosts.ts";
import { Loader } from "../../hosts/loader/loader.ts";

/** A folder whose files are served. */
export interface ServedFolder {
  readonly root: string;
  /** The path that it is served below, without a final slash. */
  readonly prefix: string;
}

/** The folders that hosts serve files of. */
export function servedFolders(hosts: Hosts): ServedFolder[] {
  return hosts.list.flatMap((host) => foldersOf(host.parts, ""));
}

function foldersOf(parts: ArcParts, prefix: string): ServedFolder[] {
  const own = parts.routes.flatMap(({ loader, source }) => {
    if (!(loader instanceof Loader) || !source.endsWith("/*")) return [];
    return [{ root: loader.root, prefix: prefix + source.slice(0, -2) }];
  });
  const inner = parts.mounted.flatMap((mounted) =>
    foldersOf(mounted.parts, mounted.prefix === "/" ? prefix : prefix + mounted.prefix),
  );
  return [...own, ...inner];
}
