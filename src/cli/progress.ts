import { paintFor } from "../extensions/access-log/text-line.ts";

const WIDTH = 24;
/** Milliseconds between two looks: a terminal takes time too. */
const PAUSE = 50;

/** A bar on the last line of a terminal. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  #done = 0;
  #shown = 0;

  /** @param total steps until all is done */
  constructor(stream: NodeJS.WriteStream, total: number) {
    this.#stream = stream;
    this.#total = total;
  }

  /** One step more. @param label what it was about */
  step(label: string): void {
    this.#done++;
    const now = performance.now();
    if (now - this.#shown < PAUSE && this.#done < this.#total) return;
    this.#shown = now;
    const share = this.#done / this.#total;
    const full = Math.round(share * WIDTH);
    const bar = paintFor(this.#stream)("cyan", "█".repeat(full)) + "░".repeat(WIDTH - full);
    const figures = `${String(Math.floor(share * 100)).padStart(3)} %  ${this.#done}/${this.#total}`;
    const room = (this.#stream.columns ?? 80) - WIDTH - figures.length - 5;
    this.#stream.write(`\r${bar} ${figures}  ${shortened(label, room)}\x1b[K`);
  }

  /** Takes the bar away, for a line of text or for good. */
  clear(): void {
    this.#stream.write("\r\x1b[K");
    this.#shown = 0;
  }
}

function shortened(label: string, room: number): string {
  if (label.length <= room) return label;
  return room < 2 ? "" : `…${label.slice(label.length - room + 1)}`;
}
