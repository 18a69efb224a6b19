/**
 * The last segment of a file name that somebody else chose, without control characters; `undefined` when nothing is
 * left or it names a folder (`.`, `..`). RFC 6266 §4.3: a path in it is not to be trusted, with either separator.
 */
export function safeFileName(name: string): string | undefined {
  const separator = Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\"));
  let safe = "";
  for (let index = separator + 1; index < name.length; index++) {
    if (!isHidden(name.charCodeAt(index))) safe += name[index];
  }
  return safe === "" || safe === "." || safe === ".." ? undefined : safe;
}

/** C0, DEL, C1, and the marks that turn the direction of text, behind which `exe.txt` may be `txt.exe`. */
function isHidden(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}
