import type { Handler, Layer } from "../http/handler.ts";

/** Folds layers around a handler: the first is the outermost. */
export function compose(layers: readonly Layer[], handler: Handler): Handler {
  return layers.reduceRight((next, layer) => layer(next), handler);
}
