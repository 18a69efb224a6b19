/**
 * Whether field lines (names in lower case and values, in turn) hold the Date of a response that was made before, or
 * elsewhere. RFC 9110 §6.6.1: it is sent on.
 */
export function isDated(lines: readonly string[]): boolean {
  for (let index = 0; index < lines.length; index += 2) {
    if (lines[index] === "date") return isFixedDate(lines[index + 1]!);
  }
  return false;
}

/** RFC 9110 §5.6.7: IMF-fixdate has 29 characters. What looks otherwise is not sent on. */
export function isFixedDate(value: string): boolean {
  return value.length === 29 && value.endsWith(" GMT");
}
