import type { LineSink } from "./line-sink.ts";

/** Milliseconds that a line waits for others at most. */
const INTERVAL = 100;
/** Octets from which a batch does not wait. */
const BATCH = 64 * 1024;
/** Octets that wait while the sink is slow; lines beyond are dropped and counted. */
const MOST = 4 * 1024 * 1024;
/** Milliseconds until a sink that was full for the moment (EAGAIN) is tried again. */
const AGAIN = 20;

/** What {@link LineWriter} needs to know beside its sink. */
export interface LineWriterOptions {
  /** The line that stands for lines that were lost. */
  readonly gap: (lines: number) => string;
  /** Hears once of each row of failures. */
  readonly onError: (error: Error) => void;
}

/** What is being written. */
interface Batch {
  text: string;
  /** How many characters at the front of `text` are no lines that somebody gave. */
  head: number;
  /** How many lost lines the head speaks of. */
  readonly told: number;
}

/**
 * Writes lines in batches, without ever making its caller wait: what cannot be written is dropped and counted, and a
 * line says so when writing works again.
 *
 * idle → writing → idle; lines that come while it writes make the next batch. Text is ASCII: a character is an octet.
 */
export class LineWriter {
  readonly #sink: LineSink;
  readonly #options: LineWriterOptions;
  /** Lines that wait for the next batch. */
  #pending = "";
  #batch: Batch | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Lines lost that no line speaks of. */
  #lost = 0;
  /** Whether half a line was written. */
  #torn = false;
  #failing = false;
  /** Who waits until nothing is left to write. */
  #waiting: (() => void)[] = [];

  constructor(sink: LineSink, options: LineWriterOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Takes a line, its final newline included. */
  write(line: string): void {
    if (this.#pending.length > MOST) {
      this.#lost++;
      return;
    }
    this.#pending += line;
    if (this.#pending.length >= BATCH) this.#begin();
    else this.#timer ??= setTimeout(this.#begin, INTERVAL);
  }

  /** Resolves when everything that was taken is written or lost. */
  async flush(): Promise<void> {
    if (this.#pending === "" && this.#batch === undefined) return;
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#begin();
    await done;
  }

  /** Goes on in a new file of the same name: what a rotation wants after it renamed the old one. */
  async reopen(): Promise<void> {
    // Lines may have come, and begun to be written, before this function went on.
    do await this.flush();
    while (this.#batch !== undefined);
    this.#sink.reopen?.();
  }

  /** Writes what is left and lets the sink go. */
  async close(): Promise<void> {
    await this.flush();
    this.#sink.close?.();
  }

  /** Writes what waits, now: the process exits. What is being written is with the system already. */
  flushSync(): void {
    const text = this.#pending;
    this.#pending = "";
    try {
      if (text !== "") this.#sink.writeSync?.(text);
    } catch {
      // Nobody is left to be told.
    }
  }

  readonly #begin = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch !== undefined || this.#pending === "") return;
    const head = (this.#torn ? "\n" : "") + (this.#lost > 0 ? this.#options.gap(this.#lost) : "");
    this.#batch = { text: head + this.#pending, head: head.length, told: this.#lost };
    this.#pending = "";
    this.#put(this.#batch);
  };

  #put(batch: Batch): void {
    this.#sink.write(batch.text, (error, written) => {
      if (written > 0) this.#wrote(batch, written);
      if (error?.code === "EAGAIN") setTimeout(() => this.#put(batch), AGAIN);
      else if (error !== null) this.#fail(batch, error);
      else if (batch.text !== "") this.#put(batch);
      else this.#end();
    });
  }

  #wrote(batch: Batch, written: number): void {
    this.#failing = false;
    this.#torn = batch.text[written - 1] !== "\n";
    if (batch.head > 0 && written >= batch.head) this.#lost -= batch.told;
    batch.text = batch.text.slice(written);
    batch.head = Math.max(batch.head - written, 0);
  }

  #fail(batch: Batch, error: Error): void {
    const { text } = batch;
    for (let at = text.indexOf("\n", batch.head); at !== -1; at = text.indexOf("\n", at + 1)) this.#lost++;
    if (!this.#failing) this.#options.onError(error);
    this.#failing = true;
    this.#end();
  }

  #end(): void {
    this.#batch = undefined;
    if (this.#waiting.length > 0 && this.#pending !== "") return this.#begin();
    if (this.#pending.length >= BATCH) return this.#begin();
    if (this.#pending !== "") this.#timer ??= setTimeout(this.#begin, INTERVAL);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
