import { paintFor } from "../extensions/access-log/text-line.ts";
import { faultOf } from "../server/faults/fault-of.ts";
import { faultText } from "../server/faults/fault-text.ts";

/** Tells on standard error why nothing was started. @param module the file that was loaded, if any */
export function reportFault(error: unknown, module?: string): void {
  process.stderr.write(faultText(faultOf(error, module), paintFor(process.stderr)));
}
