import type { Extension } from "../pipeline/stages.ts";
import { scopeText } from "../pipeline/scope.ts";
import { stageList } from "../pipeline/stage-list.ts";
import type { WebServer } from "../server/web-server.ts";

/** Who takes part in which stage, the server's own extensions first: whose, stage, extension, priority and scope. */
export function stageRows({ extensions, hosts }: WebServer): string[][] {
  const ofHosts = hosts?.list.flatMap((host) => rowsOf(host.name, hosts.extensionsOf(host))) ?? [];
  return [...rowsOf("(server)", extensions), ...ofHosts];
}

function rowsOf(whose: string, list: readonly Extension[]): string[][] {
  return stageList(list).flatMap(({ stage, extensions }) =>
    extensions.map(({ name, priority, scope }) => [
      whose,
      stage,
      name,
      String(priority),
      scope === undefined ? "" : scopeText(scope),
    ]),
  );
}
