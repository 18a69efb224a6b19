import { isRefusedPath } from "./ours.ts";
import type { Reading, ReadMessage } from "./reading.ts";

/** Who refused, or did not see, what the other accepted; `both` when both accepted and read otherwise. */
type Kind = "stricter" | "looser" | "both";

/** Where two readings of the same octets part. */
export interface Difference {
  readonly kind: Kind;
  /** What differs, or why one of them refused. */
  readonly what: string;
  /** Which message it is about, counted from 0. */
  readonly message: number;
  readonly ours: ReadMessage | undefined;
  readonly theirs: ReadMessage | undefined;
}

type Verdict = readonly [Kind, string] | undefined;

/** Compares what both made of the same octets, up to where the conversation ends. */
export function* differences(ours: Reading, theirs: Reading): Generator<Difference> {
  for (let message = 0; ; message++) {
    const [a, b] = [ours.messages[message], theirs.messages[message]];
    const verdict = a === undefined || b === undefined ? absence(a, b, ours, theirs) : disparity(a, b, ours, theirs);
    if (verdict !== undefined) yield { kind: verdict[0], what: verdict[1], message, ours: a, theirs: b };
    const goesOn = a !== undefined && b !== undefined && a.complete && b.complete && a.persistent;
    if (!goesOn || b.offersUpgrade === true || (verdict !== undefined && !isRefusedPath(a))) return;
  }
}

/** One of them, or neither, has accepted the head of the message. */
function absence(a: ReadMessage | undefined, b: ReadMessage | undefined, ours: Reading, theirs: Reading): Verdict {
  if (a !== undefined) return ["looser", theirs.refusal ?? "They saw no message"];
  if (b?.offersUpgrade === true) return undefined;
  if (ours.refusal !== undefined) {
    // Where both refuse the same message, it does not matter in which part of it.
    return b?.complete === true || theirs.refusal === undefined ? ["stricter", ours.refusal] : undefined;
  }
  if (b !== undefined) return ["both", "We saw no message"];
  return theirs.refusal === undefined ? undefined : ["looser", theirs.refusal];
}

/** Both have accepted the head. */
function disparity(a: ReadMessage, b: ReadMessage, ours: Reading, theirs: Reading): Verdict {
  if (isRefusedPath(a)) {
    return b.complete || theirs.refusal === undefined ? ["stricter", "The path is not well formed"] : undefined;
  }
  const unequal = headDisparity(a, b);
  if (unequal !== undefined) return ["both", unequal];
  if (b.offersUpgrade === true) return undefined;
  if (a.complete && b.complete) return contentDisparity(a, b);
  if (a.complete) return ["looser", theirs.refusal ?? "They found the message incomplete"];
  if (b.complete) return ours.refusal === undefined ? ["both", "We found it incomplete"] : ["stricter", ours.refusal];
  if (ours.refusal !== undefined) return theirs.refusal === undefined ? ["stricter", ours.refusal] : undefined;
  if (theirs.refusal !== undefined) return ["looser", theirs.refusal];
  return a.body === b.body ? undefined : ["both", "content so far"];
}

function headDisparity(a: ReadMessage, b: ReadMessage): string | undefined {
  if (a.method !== b.method) return "method";
  if (a.minor !== b.minor) return "version";
  if (a.target !== targetOf(b)) return "target";
  return a.fields.join("\n") === b.fields.join("\n") ? undefined : "fields";
}

function contentDisparity(a: ReadMessage, b: ReadMessage): Verdict {
  if (a.body !== b.body) return ["both", "content"];
  if (a.trailers.join("\n") !== b.trailers.join("\n")) return ["both", "trailers"];
  // llhttp obeys it and refuses what follows.
  if (a.trailers.includes("connection")) return ["looser", "Connection in a trailer section"];
  if (a.persistent === b.persistent) return undefined;
  return a.persistent ? ["both", "persistence"] : ["stricter", "The connection was closed"];
}

/** The part of a target that a request of ours keeps: path and query. RFC 9112 §3.2. */
function targetOf({ method, target }: ReadMessage): string {
  if (method === "CONNECT") return "*";
  if (target.startsWith("/") || target === "*") return target;
  const rest = /^[^:/]+:\/\/[^/?]*(.*)$/.exec(target)?.[1] ?? target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}
