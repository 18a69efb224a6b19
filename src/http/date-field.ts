import { formatHttpDate } from "../fields/http-date.ts";

/**
 * The Date field of what is sent now, encoded once a second and for every connection. RFC 9110 §6.6.1: an origin server
 * with a clock sends one with every response.
 *
 * @param encode the field on the wire, from its value
 */
export function dateField(encode: (value: string) => string): () => string {
  let field = "";
  let madeIn = -1;
  return () => {
    const wall = Date.now();
    const second = Math.floor(wall / 1000);
    if (second !== madeIn) {
      madeIn = second;
      field = encode(formatHttpDate(wall));
    }
    return field;
  };
}
