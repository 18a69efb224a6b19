import { relative } from "node:path";
import { formatPlace, type SourcePlace } from "../../base/errors.ts";
import type { Paint } from "../../extensions/access-log/text-line.ts";
import { codeFrame } from "./code-frame.ts";
import type { Fault } from "./fault-of.ts";

/**
 * What happened, where, and what to do.
 *
 * @example
 * // error ROUTE_CONFLICT  GET /a conflicts with the same
 * //   app.ts:4:2
 * //   > 4 |  .get("/a", second)
 */
export function faultText({ code, message, place, hint }: Fault, paint: Paint): string {
  let text = `${paint("red", "error")} ${paint("bold", code)}  ${message}\n`;
  if (place !== undefined) {
    text += `  ${paint("cyan", formatPlace(nearby(place)))}\n`;
    text += codeFrame(place, paint).replace(/^(?=.)/gm, "  ");
  }
  if (hint !== undefined) text += `  ${paint("gray", hint)}\n`;
  return text;
}

/** A path from here, where that is not longer. */
function nearby(place: SourcePlace): SourcePlace {
  const file = relative("", place.file);
  return file.startsWith("..") || file === "" ? place : { ...place, file };
}
