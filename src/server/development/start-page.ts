import type { Hosts } from "../../hosts/hosts.ts";
import type { AutorunState } from "../autorun/autorun.ts";
import { moduleGraph } from "../autorun/module-graph.ts";
import { DevelopmentPage } from "./development-page.ts";
import type { PageHook } from "./page-hook.ts";
import { developedProgram } from "./program.ts";
import { servedFolders } from "./served-folders.ts";
import { shownFault } from "./shown-fault.ts";
import { SiteWatch } from "./site-watch.ts";

/** What keeps pages of a server in development up to date. */
export interface Pages {
  /** Scripts have run. */
  onScripts(state: AutorunState): void;
  close(): void;
}

/** Begins to tell pages what changes: scripts, and with `millrace dev` the program and the files that it serves. */
export function startPages(hook: PageHook, hosts: Hosts | undefined): Pages {
  const page = (hook.page = new DevelopmentPage(hosts));
  const program = developedProgram();
  const unhear = program?.onFaults((faults) => {
    if (program.isBroken) page.changed();
    else page.setFaults("program", faults);
  });
  const watch =
    program === undefined || hosts === undefined
      ? undefined
      : new SiteWatch(servedFolders(hosts), (file) => moduleGraph().has(file), {
          onPage: () => page.changed(),
          onStyle: (path) => page.restyled(path),
        });
  return {
    onScripts({ hasChanged, faults }) {
      const shown = faults.map((fault) => shownFault(fault, fault.file, fault.hasOld));
      page.setFaults("scripts", shown);
      if (hasChanged) page.changed();
    },
    close() {
      unhear?.();
      watch?.close();
      page.close();
    },
  };
}
