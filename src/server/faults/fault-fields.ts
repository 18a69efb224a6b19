import { formatPlace } from "../../base/errors.ts";
import type { LogFields } from "../../base/log.ts";
import { codeFrame } from "./code-frame.ts";
import type { Fault } from "./fault-of.ts";

/** What a log says of a fault beside its message. */
export function faultFields({ code, place }: Omit<Fault, "hint">): LogFields {
  return place === undefined
    ? { code }
    : { code, place: formatPlace(place), frame: codeFrame(place, (_, text) => text) };
}
