import { fstatSync } from "node:fs";
import type { LogLevel } from "../../base/log.ts";

/** sd-daemon(3): syslog's numbers of priority. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, access: 6, warn: 4, error: 3 };

/**
 * Text as the journal of systemd takes it: each line begins with its priority. It knows the time itself, and who wrote.
 *
 * @param text lines, the last newline included
 */
export function journalLines(level: LogLevel, text: string): string {
  return text.replace(/^(?=.)/gm, `<${PRIORITY[level]}>`);
}

/**
 * Whether what is written to a descriptor goes to the journal.
 *
 * systemd.exec(5): `JOURNAL_STREAM` is the device and the inode of standard output or standard error as they were at the
 * start; they may have been led elsewhere since.
 */
export function isJournal(descriptor: number, stream: string | undefined = process.env["JOURNAL_STREAM"]): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
