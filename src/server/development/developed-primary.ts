import type { MillraceError } from "../../base/errors.ts";
import { ChangeWatch, type Print } from "../autorun/change-watch.ts";
import { faultFields } from "../faults/fault-fields.ts";
import type { Primary } from "../workers/primary.ts";
import { FAULTS, FILES, LISTEN } from "./developed-worker.ts";
import { shownFault } from "./shown-fault.ts";
import { type StandIn, standingIn } from "./stand-in.ts";

/**
 * Reloads a program when a file that it consists of has changed. The files are those of the newest version that has been
 * tried, and of the one that runs: what mends a broken program may be in either.
 */
export class DevelopedPrimary {
  readonly #primary: Primary;
  readonly #what: string;
  readonly #watch: ChangeWatch;
  /** Files of the version that runs. */
  #running: ReadonlySet<string> = new Set();
  /** Files that workers have told of since it runs. */
  #told = new Set<string>();
  /** Where the program wants to listen. */
  #listen: StandIn["listen"] = null;

  /** @param what the program, as it is called to people */
  constructor(primary: Primary, what: string) {
    this.#primary = primary;
    this.#what = what;
    this.#watch = new ChangeWatch({
      files: () => ({ files: new Set([...this.#running, ...this.#told]), folders: [] }),
      onChange: () => this.#reload(),
    });
    primary.switchboard.onNote(LISTEN, (listen) => (this.#listen = listen as unknown as StandIn["listen"]));
    primary.generations.rescue = async (error, renew) => {
      const { code, message, hint, place } = error;
      // Or nobody would be there to show it, and to be replaced when it is mended.
      await standingIn({ fault: { code, message, hint, place }, listen: this.#listen }, renew);
      const text = `The program does not run, waiting for it to be mended: ${error.message}`;
      primary.log.write("error", text, faultFields(error));
    };
    primary.switchboard.onNote(FILES, (files) => {
      for (const [file, print] of files as unknown as readonly (readonly [string, Print])[]) {
        this.#told.add(file);
        this.#watch.add(file, print);
      }
    });
  }

  async #reload(): Promise<void> {
    this.#told = new Set();
    try {
      await this.#primary.generations.reload();
      this.#running = this.#told;
      this.#told = new Set();
    } catch (error) {
      const { code, message, hint, place } = error as MillraceError;
      const fault = shownFault({ code, message, hint, place }, this.#what, true);
      // The old worker shows it; one that has never served anything shows it in the place of everything.
      this.#primary.switchboard.broadcast(FAULTS, [fault]);
    }
  }
}
