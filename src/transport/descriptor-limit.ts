import { readFileSync } from "node:fs";

const FALLBACK = 65_536;

/** How many descriptors this process may have open; 65,536 where the system does not say. */
export function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    if (soft !== undefined) return +soft;
  } catch {
    // Only Linux has the file. A report takes some milliseconds more.
  }
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : FALLBACK;
}
