/** What stands for every longer time. RFC 9111 §1.2.2: a value that is too great to represent counts as 2^31. */
export const MAX_DELTA_SECONDS: number = 2 ** 31;

/** A number of seconds, at most 2^31; undefined when `text` is anything else than ASCII digits. RFC 9111 §1.2.2. */
export function parseDeltaSeconds(text: string): number | undefined {
  let seconds = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    seconds = Math.min(seconds * 10 + digit, MAX_DELTA_SECONDS);
  }
  return text === "" ? undefined : seconds;
}
