import { parseHost } from "../fields/host.ts";
import type { Host } from "../hosts/host.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { Request } from "../http/request.ts";
import { canonicalPath } from "../http/target.ts";
import { inScope } from "../pipeline/scope.ts";
import { stageList } from "../pipeline/stage-list.ts";
import type { Extension } from "../pipeline/stages.ts";
import type { WebServer } from "../server/web-server.ts";
import type { Command } from "./command.ts";
import { loadServer } from "./load-server.ts";
import { matchingRoutes, methodText, type RouteInfo } from "./route-list.ts";
import { placeText } from "./routes.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace explain URL [FILE]` */
export const explain: Command = {
  name: "explain",
  usage: "URL [FILE]",
  flags: ["config"],
  description: "Tells which host, route and stages a GET request for URL meets, and why. Nothing is asked or started.",
  async run([text, file], args) {
    if (text === undefined) throw new UsageError('"millrace explain" needs a URL, such as http://example.com/user/7.');
    const url = urlOf(text);
    const { server } = await loadServer(file, args);
    process.stdout.write(`${explained(server, url).join("\n")}\n`);
  },
};

interface Target {
  readonly authority: string;
  readonly path: string;
}

/** The URL as it is written: a parser would resolve `..%2f` before anybody could be told about it. */
function urlOf(text: string): Target {
  const match = /^(?:https?:\/\/([^/?#]*))?(\/[^?#]*)?(?:[?#].*)?$/.exec(text);
  if (match === null || text === "") throw new UsageError(`${JSON.stringify(text)} is no URL.`);
  return { authority: match[1] ?? "", path: match[2] ?? "/" };
}

function explained(server: WebServer, { authority, path: raw }: Target): string[] {
  const path = canonicalPath(raw);
  const lines = [
    row("Path", path === undefined ? `${raw} is not valid: 400` : path === raw ? path : `${path}, from ${raw}`),
  ];
  if (path === undefined) return lines;
  const asked = new Request(`http://${authority || "localhost"}${raw}`);
  const global = stagesOf(server.extensions, asked);
  if (global !== "") lines.push(row("Server", global));
  if (server.hosts === undefined) return [...lines, row("Host", "any: one handler answers everything")];
  const parsed = parseHost(authority);
  const host = parsed === undefined ? server.hosts.list[0] : server.hosts.find(parsed.name);
  if (host === undefined) return [...lines, row("Host", `none takes the name ${parsed?.name}: 421`)];
  return [
    ...lines,
    row("Host", hostText(host, parsed?.name)),
    ...hostStages(server.hosts, host, asked),
    ...routeLines(host, path),
  ];
}

function hostText(host: Host, name: string | undefined): string {
  const patterns = host.names.map(({ pattern }) => pattern.source).join(", ");
  const place = placeText(host.names[0]?.place);
  return `${host.name}${name === undefined ? ", as the first one" : ` takes ${name} by ${patterns}`}${place && `  ${place}`}`;
}

function hostStages(hosts: Hosts, host: Host, asked: Request): string[] {
  const text = stagesOf(hosts.extensionsOf(host), asked);
  return text === "" ? [] : [row("Stages", text)];
}

/** The stages that a request meets. A test that fails for what is not a real request might say yes to one. */
function stagesOf(extensions: readonly Extension[], asked: Request): string {
  const meets = ({ scope }: Extension): boolean => {
    if (scope === undefined) return true;
    try {
      return inScope(scope)(asked);
    } catch {
      return true;
    }
  };
  return stageList(extensions.filter(meets))
    .map(({ stage, extensions: members }) => `${stage}: ${members.map(({ name }) => name).join(", ")}`)
    .join("; ");
}

function routeLines(host: Host, path: string): string[] {
  const { found, allow } = matchingRoutes(host, path, "GET");
  if (found.length > 0) return found.map((route, index) => row(index === 0 ? "Route" : "else", routeText(route)));
  if (allow !== "") return [row("Route", `none for GET; the path takes ${allow}: 405`)];
  const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  const slashed = path === "/" ? [] : matchingRoutes(host, other, "GET").found;
  if (slashed.length > 0) return [row("Route", `none; ${other} has one: 308 to it`)];
  return [row("Route", "none: 404, or what the host any has")];
}

function routeText(route: RouteInfo): string {
  const [before, around, after] = route.layers;
  const layers = [
    before > 0 ? `${before} before` : "",
    around > 0 ? `${around} around` : "",
    after > 0 ? `${after} after` : "",
  ].filter((text) => text !== "");
  const kind = route.kind === "route" || route.kind === "redirect" ? "" : ` (${route.kind})`;
  const filter = route.hasFilter ? ", if its filter says so" : "";
  const through = layers.length === 0 ? "" : `, through ${layers.join(", ")}`;
  const place = placeText(route.place);
  return `${methodText(route)} ${route.pattern}${kind}${filter}${through}${place && `  ${place}`}`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(7)} ${text}`;
}
