import { MillraceError } from "../../base/errors.ts";
import { type LineChannel, openLines } from "../../transport/line-channel.ts";
import { controlPath, runningInstances } from "./control-folder.ts";
import type { Command, Reply } from "./protocol.ts";

/** What an instance has answered. */
export interface Answered {
  /** Of the instance. */
  readonly name: string;
  readonly result: unknown;
  /** Resolves when the instance has ended. */
  readonly ended: Promise<void>;
  /** Lets go of the instance. */
  end(): void;
}

/**
 * Asks an instance something.
 *
 * @param name undefined for the only one that runs
 * @throws {MillraceError} `NOT_RUNNING`, `WHICH_INSTANCE`; what the instance says went wrong
 */
export async function ask(name: string | undefined, command: Command): Promise<Answered> {
  const chosen = name ?? (await onlyInstance());
  const channel = await openLines(controlPath(chosen));
  if (channel === undefined) throw notRunning(`No instance is called ${chosen}.`);
  const reply = await replyOf(channel, command);
  if (!reply.ok) {
    channel.end();
    const { code, message, hint, place } = reply.error;
    throw new MillraceError(code, message, { hint, place });
  }
  return { name: chosen, result: reply.result, ended: channel.closed, end: () => channel.end() };
}

/** Sends a command and waits for the reply. @throws {MillraceError} `NOT_RUNNING` when the instance ends before */
export function replyOf(channel: LineChannel, command: Command): Promise<Reply> {
  return new Promise((resolve, reject) => {
    channel.onLine = (line) => resolve(JSON.parse(line) as Reply);
    void channel.closed.then(() => reject(notRunning("The instance has ended.")));
    channel.send(JSON.stringify(command));
  });
}

async function onlyInstance(): Promise<string> {
  const names = await runningInstances();
  const [only] = names;
  if (only === undefined) throw notRunning("No instance runs.");
  if (names.length === 1) return only;
  throw new MillraceError("WHICH_INSTANCE", `Several instances run: ${names.join(", ")}.`, {
    hint: `Say which one is meant: --name ${only}`,
  });
}

function notRunning(message: string): MillraceError {
  return new MillraceError("NOT_RUNNING", message, {
    hint: "An instance is found by its --name, by the user that has started it.",
  });
}
