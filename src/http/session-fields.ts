/** Fields that sessions add to what they send, each encoded as rarely as it changes. */

import { formatHttpDate } from "../fields/http-date.ts";

/**
 * The Date field of what is sent now, encoded once a second and for every connection. RFC 9110 §6.6.1: an origin server
 * with a clock sends one with every response.
 *
 * A timer ends the second, since to ask the clock for each response takes as long as some whole layers do. So the field is
 * late by as long as the event loop was held up, and by a second at most when somebody sets the clock.
 *
 * @param encode the field on the wire, from its value
 */
export function dateField(encode: (value: string) => string): () => string {
  let field = "";
  const end = (): void => {
    field = "";
  };
  return () => {
    if (field === "") {
      const wall = Date.now();
      field = encode(formatHttpDate(wall));
      setTimeout(end, 1000 - (wall % 1000)).unref();
    }
    return field;
  };
}

/** Lengths below this are kept as fields. */
const SHORT = 1024;

/**
 * Content-Length of so many octets: the same few lengths come again and again.
 *
 * @param encode the field on the wire, from its value
 */
export function lengthField(encode: (value: string) => string): (octets: number) => string {
  const fields = Array.from<string | undefined>({ length: SHORT });
  return (octets) => (octets < SHORT ? (fields[octets] ??= encode(String(octets))) : encode(String(octets)));
}
