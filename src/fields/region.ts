/**
 * Whether `text` from `start` to `end` is `word` when A–Z and a–z count as the same. `word` is in lower case. Unlike a
 * comparison of slices it makes no string.
 */
export function regionIs(text: string, start: number, end: number, word: string): boolean {
  if (end - start !== word.length || end > text.length) return false;
  for (let index = 0; index < word.length; index++) {
    const code = text.charCodeAt(start + index);
    const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (lower !== word.charCodeAt(index)) return false;
  }
  return true;
}
