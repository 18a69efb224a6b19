import { cpus, release, totalmem } from "node:os";

/** The facts without which a figure says nothing. */
export function machine(): Record<string, string | number> {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1_048_576),
    kernel: release(),
    node: process.versions.node,
    v8: process.versions.v8,
  };
}
