/** Octets as latin1, one character per octet. */
export function latin1OfOctets(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
}

/** Text as latin1, one character per octet: itself when it is ASCII, its UTF-8 otherwise. */
export function latin1Of(text: string, octets: number): string {
  return octets === text.length ? text : Buffer.from(text, "utf8").toString("latin1");
}
