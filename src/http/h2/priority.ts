import { parseDictionary } from "../../fields/structured-field.ts";

/** How urgent a response is and whether it is of use piece by piece. RFC 9218 §4. */
export interface Priority {
  /** 0 is sent before 7. */
  readonly urgency: number;
  /** Whether it shares the connection with others of its urgency; otherwise they follow each other. */
  readonly incremental: boolean;
}

/** How many levels of urgency there are. RFC 9218 §4.1. */
export const URGENCIES = 8;

/**
 * What a response has of which the client has said nothing. RFC 9218 §4.2 has it not incremental; a client that says
 * nothing at all knows nothing of this, and a long download must not keep the rest of its requests waiting.
 */
export const UNSAID: Priority = { urgency: 3, incremental: true };

/** Reads the Priority field, or the value in PRIORITY_UPDATE. RFC 9218 §4: what is no priority counts as not said. */
export function parsePriority(value: string): Priority {
  const dictionary = parseDictionary(value);
  if (dictionary === undefined) return UNSAID;
  const u = dictionary.get("u");
  const i = dictionary.get("i");
  const urgency = u?.kind === "integer" && u.value >= 0 && u.value < URGENCIES ? u.value : 3;
  return { urgency, incremental: i?.kind === "boolean" && i.value };
}

/** Something that is sent in pieces, in turn with others. */
export interface Prioritised {
  readonly priority: Priority;
  /** Whether it stands in the queue. */
  queued: boolean;
}

/**
 * Who is next to send: the most urgent, and among those of one urgency the first, until it is done or must wait; the
 * incremental ones go to the end of their row after each piece. RFC 9218 §10.
 */
export class PriorityQueue<Sender extends Prioritised> {
  readonly #rows: Sender[][] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Lets `sender` take part. It keeps its place when it has one. */
  add(sender: Sender): void {
    if (sender.queued) return;
    sender.queued = true;
    this.#length++;
    (this.#rows[sender.priority.urgency] ??= []).push(sender);
  }

  /** The next to send a piece. It is still in the queue. */
  first(): Sender | undefined {
    for (let urgency = 0; urgency < URGENCIES; urgency++) {
      const first = this.#rows[urgency]?.[0];
      if (first !== undefined) return first;
    }
    return undefined;
  }

  /** `sender` was first and has sent a piece: lets others come before its next. */
  yield(sender: Sender): void {
    if (!sender.priority.incremental) return;
    const row = this.#rows[sender.priority.urgency]!;
    if (row.length > 1) row.push(row.shift()!);
  }

  remove(sender: Sender): void {
    if (!sender.queued) return;
    sender.queued = false;
    this.#length--;
    const row = this.#rows[sender.priority.urgency]!;
    if (row[0] === sender) row.shift();
    else row.splice(row.indexOf(sender), 1);
  }
}
