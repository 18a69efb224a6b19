import type { Scope } from "./scope.ts";
import { byPriority, type Extension } from "./stages.ts";

/** The stages in the order that a request and its response meet them. */
export const STAGES = ["prime", "pre", "prepare", "presenter", "present", "package", "post"] as const;

/** Who takes part in one stage, in order. */
export interface StageInfo {
  readonly stage: (typeof STAGES)[number];
  readonly extensions: readonly {
    readonly name: string;
    readonly priority: number;
    readonly scope: Scope | undefined;
    readonly extension: Extension;
  }[];
}

/** The stages that any of the extensions takes part in. */
export function stageList(extensions: readonly Extension[]): StageInfo[] {
  const sorted = byPriority(extensions);
  return STAGES.flatMap((stage) => {
    const members = sorted.filter((extension) => extension[stage] !== undefined);
    const infos = members.map((extension) => {
      const { name, priority = 0, scope } = extension;
      return { name, priority, scope, extension };
    });
    return infos.length === 0 ? [] : [{ stage, extensions: infos }];
  });
}
