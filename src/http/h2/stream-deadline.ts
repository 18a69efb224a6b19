import { RateGuard } from "../../transport/rate-guard.ts";
import type { Phase } from "../../transport/watchdog.ts";
import type { HttpServer } from "../http-server.ts";
import type { Stream } from "./stream.ts";

/** Whose turn it is decides which deadline holds: what a stream waits for. */
export function phaseOf({ content, state, stage, output, text }: Stream): Phase {
  // What comes behind an extended CONNECT is for who takes the upgrade: the handler need not wait for it.
  const isArriving = content?.isAwaited === true && state === "open" && !text.wantsUpgrade;
  switch (stage) {
    case "answering":
      return isArriving ? "body" : "handler";
    case "sending":
      if (output?.isStalled === true) return "write";
      return isArriving ? "body" : "none";
    case "draining":
      return "drain";
    default:
      return "none";
  }
}

/** A stream waits for something else from now on. */
export function enterPhase(stream: Stream, phase: Phase, { watchdog, phases }: HttpServer): void {
  const { now } = watchdog;
  stream.phase = phase;
  if (phase === "none") stream.deadline = Infinity;
  else if (phase === "body" || phase === "write") {
    stream.guard ??= new RateGuard();
    stream.deadline = stream.guard.start(now, movedOf(stream), phases[phase], phases);
  } else stream.deadline = now + phases[phase];
}

/**
 * Whether a stream whose deadline is over has had its time: where octets move, that is judged by progress. If it has not,
 * it gets another deadline; if it has, none.
 *
 * @param hasRoom whether the client may send content on the connection
 */
export function isLate(stream: Stream, server: HttpServer, hasRoom: boolean): boolean {
  const { watchdog, phases } = server;
  const { phase } = stream;
  if (phase === "body" || phase === "write") {
    const next = stream.guard!.look(watchdog.now, movedOf(stream), phases[phase], phases);
    stream.deadline = next;
    if (next > 0) return false;
    // More urgent content goes first, or what others have not read takes all the room: neither is the client's doing.
    const isHeldUp = phase === "write" ? !stream.output!.isStalled : !hasRoom;
    if (isHeldUp) {
      enterPhase(stream, phase === "write" ? phase : "handler", server);
      return false;
    }
  }
  stream.deadline = Infinity;
  stream.phase = "none";
  return true;
}

function movedOf({ phase, output, content }: Stream): number {
  return phase === "write" ? output!.sent : content!.received;
}
