import { relative } from "node:path";
import { formatPlace } from "../../base/errors.ts";
import { codeFrame } from "../faults/code-frame.ts";
import type { Fault } from "../faults/fault-of.ts";

/** A fault as a page shows it: plain text throughout, to be escaped by whoever puts it into markup. */
export interface ShownFault {
  /** What failed, such as `autorun/shop.ts`. */
  readonly title: string;
  readonly code: string;
  readonly message: string;
  /** `file:line:column`; empty when nobody knows. */
  readonly place: string;
  /** Lines of source around it; empty when they cannot be read. */
  readonly frame: string;
  readonly hint: string;
  /** Whether an earlier version of what failed is in force. */
  readonly hasOld: boolean;
}

/** What a page shows of a fault. @param title what failed: a path, or words */
export function shownFault(fault: Fault, title: string, hasOld: boolean): ShownFault {
  const { code, message, hint = "", place } = fault;
  return {
    title: nearby(title),
    code,
    message,
    place: place === undefined ? "" : formatPlace({ ...place, file: nearby(place.file) }),
    frame: place === undefined ? "" : codeFrame(place, (_, text) => text),
    hint,
    hasOld,
  };
}

/** A path from here, where that is not longer. */
function nearby(file: string): string {
  if (!file.startsWith("/")) return file;
  const path = relative("", file);
  return path.startsWith("..") || path === "" ? file : path;
}
