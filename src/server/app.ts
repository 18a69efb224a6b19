import { callerPlace, MillraceError, type SourcePlace } from "../base/errors.ts";
import { Arc } from "../hosts/arc.ts";
import { answering } from "../hosts/compile-arc.ts";
import { type FetchApp, fetchApp } from "../hosts/fetch-app.ts";
import { Host } from "../hosts/host.ts";
import { Hosts, type HostsOptions } from "../hosts/hosts.ts";
import type { Handler, Layer } from "../http/handler.ts";
import type { Answer } from "../http/make.ts";
import type { Request } from "../http/request.ts";
import { ErrorHandlers, type ErrorOptions } from "../pipeline/errors.ts";
import { type Extension, pipeline } from "../pipeline/stages.ts";
import { autorunOptions } from "./autorun/autorun-options.ts";
import { DEFAULT_EXTENSIONS } from "./default-extensions.ts";
import type { ServerOptions } from "./options.ts";

/** Anything that answers requests: a handler, an arc, a host, hosts, or an app with `fetch` (Hono, h3, tRPC). */
export type App = ((request: Request) => Answer) | FetchApp;

/** Layers that stand between the stages of whoever answers. */
export interface Between {
  readonly cache?: Layer | undefined;
  readonly compress?: Layer | undefined;
}

/** What a server answers with. */
export interface Folded {
  /** The hosts, unless one app answers everything. */
  readonly hosts: Hosts | undefined;
  /**
   * The handler of the server with extensions around all hosts.
   *
   * @throws {MillraceError} `BAD_OPTION` when one of them prepares responses; `BAD_SCOPE`
   */
  readonly within: (extensions: readonly Extension[]) => Handler;
}

/**
 * Folds the app or the hosts of a server. Done once, when the server is made.
 *
 * @throws {MillraceError} `BAD_OPTION`, `HOST_CONFLICT`, `BAD_PATTERN`
 */
export function fold(
  options: ServerOptions,
  errors: ErrorOptions,
  between: Between,
  place: SourcePlace | undefined,
  around: Layer = (handler) => handler,
): Folded {
  const hosts = hostsOf(options, { ...errors, ...between, defaults: DEFAULT_EXTENSIONS }, place);
  hosts?.compile();
  const inner = around(hosts?.handle ?? directly(options.app!));
  const { answer, report } = new ErrorHandlers(undefined, errors);
  // Hosts have these within their own extensions.
  const own = hosts === undefined ? between : {};
  const within = (extensions: readonly Extension[]): Handler => {
    const preparing = extensions.find(({ prepare }) => prepare !== undefined);
    if (preparing !== undefined) {
      throw new MillraceError("BAD_OPTION", `The extension ${preparing.name} prepares responses of a host.`, {
        hint: "Give it to the host: host(…).use(…).",
        place: callerPlace(),
      });
    }
    return pipeline(extensions, { handler: inner, answer, report, ...own });
  };
  return { hosts, within };
}

function hostsOf(options: ServerOptions, common: HostsOptions, place: SourcePlace | undefined): Hosts | undefined {
  const { app, hosts: given } = options;
  if (app === undefined && given === undefined) {
    throw new MillraceError("BAD_OPTION", "A server needs an app or hosts.", { place });
  }
  const ready = given instanceof Hosts ? given : app instanceof Hosts ? app : undefined;
  const list = given === undefined || given instanceof Hosts ? [] : [...given];
  if (app instanceof Host) list.push(app);
  else if (app !== undefined && !(app instanceof Hosts)) {
    // A handler by itself gets everything, also what is no request for a path: `OPTIONS *`, CONNECT.
    // Scripts register at a host.
    const hasScripts = autorunOptions(options.autorun).folder !== undefined;
    const isWhole =
      !hasScripts && ready === undefined && list.length === 0 && !(app instanceof Arc) && !("loader" in app);
    if (isWhole) return undefined;
    list.push(new Host("any").mount("/", app));
  }
  if (ready === undefined) return new Hosts(list, common);
  ready.setDefaults(DEFAULT_EXTENSIONS);
  return ready.add(...list);
}

function directly(app: App): Handler {
  return typeof app === "function" ? answering(app) : fetchApp(app);
}
