import { join, sep } from "node:path";

/**
 * Whether a name, a folder's or a file's, may be seen from outside.
 *
 * Refused: dotfiles (and with them `.` and `..`), what a file system might fold into another name (a trailing dot or
 * space, `::$DATA`, which Windows ignores or takes for a stream), and what no path may hold (separators, NUL).
 */
export function isVisibleName(name: string): boolean {
  if (name === "" || name.startsWith(".") || name.endsWith(".") || name.endsWith(" ")) return false;
  if (name.includes("\0") || name.includes("/") || name.includes("\\") || name.includes("::$")) return false;
  return sep === "/" || !name.includes(":");
}

/**
 * Whether every segment of a path may be seen. `/.well-known/` is the one dotfolder meant for the public (RFC 8615).
 *
 * @param path starts with `/`; a final `/` stands for a folder
 */
export function isVisiblePath(path: string): boolean {
  if (path === "/") return true;
  const segments = path.split("/");
  if (segments[0] !== "" || segments.length < 2) return false;
  const last = segments.length - 1;
  return segments.every((segment, index) => {
    if (index === 0 || (index === last && segment === "")) return true;
    return isVisibleName(segment) || (index === 1 && segment === ".well-known");
  });
}

/** Whether `file` is `folder` or lies in it. Both absolute and without dot segments. */
export function isWithin(folder: string, file: string): boolean {
  // The separator counts: /srv/site-old is not in /srv/site.
  return file === folder || file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The file that a path means below `root`, or undefined when the path may not be seen or leads out of it. */
export function fileOf(root: string, path: string): string | undefined {
  if (!isVisiblePath(path)) return undefined;
  const file = join(root, path);
  return isWithin(root, file) ? file : undefined;
}

/** A decoded path as it stands in a URL: RFC 3986 §3.3 with everything doubtful percent-encoded. */
export function encodePath(path: string): string {
  return encodeURI(path.toWellFormed()).replace(
    /[?#;']/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
