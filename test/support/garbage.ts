import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
/** Collects garbage. */
export const collect = runInNewContext("gc") as () => void;

/** Collects garbage until a weakly held object is gone; false when something still holds it. */
export async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++) {
    // A reference that was looked at in this turn holds its object until the next.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    if (reference.deref() === undefined) return true;
  }
  return false;
}
