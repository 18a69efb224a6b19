/** Something that writes to a file, and goes on in a new one. */
export interface Reopened {
  reopen(): Promise<void>;
}

const open = new Set<Reopened>();

/** Has a log reopened with all others. @returns has it no more */
export function reopenWithOthers(log: Reopened): () => void {
  open.add(log);
  return () => open.delete(log);
}

/**
 * Has every log of this process go on in a new file of the same name, once what it has is written.
 *
 * @throws {MillraceError} `LOG_NOT_WRITABLE`, when all others have been reopened; that log goes on in the file that it has
 */
export async function reopenLogs(): Promise<number> {
  const results = await Promise.allSettled([...open].map((log) => log.reopen()));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results.length;
}
