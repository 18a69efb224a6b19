/** The longest value that a log entry holds, in characters before escaping. */
export const LONGEST = 2048;

/**
 * What comes from the network and goes to a log as JSON, without its quotation marks: control characters, DEL and
 * everything that is not ASCII become `\u….`, so that nobody can write lines of his own or speak to a terminal.
 */
export function escapeJson(text: string): string {
  // A loop beats a regular expression on the short values that logs are made of.
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c || index >= LONGEST)
      return escapeFrom(text, index);
  }
  return text;
}

function escapeFrom(text: string, first: number): string {
  const end = Math.min(text.length, LONGEST);
  let escaped = text.slice(0, first);
  for (let index = first; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x5c) escaped += `\\${text[index]}`;
    else if (code < 0x20 || code > 0x7e) escaped += `\\u${code.toString(16).padStart(4, "0")}`;
    else escaped += text[index];
  }
  return text.length > LONGEST ? `${escaped}...` : escaped;
}

/** The same for people: what is plain stays plain, and a quotation mark needs no escape. */
export function escapeText(text: string): string {
  return escapeJson(text).replaceAll('\\"', '"');
}
