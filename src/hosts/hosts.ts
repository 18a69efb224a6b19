import type { MillraceError } from "../base/errors.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import { parseHost } from "../fields/host.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError, NotFoundError } from "../http/http-error.ts";
import { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import {
  type ErrorHandler,
  ErrorHandlers,
  type ErrorKey,
  type ErrorOf,
  type ErrorOptions,
} from "../pipeline/errors.ts";
import type { Extension } from "../pipeline/stages.ts";
import { conflictsOf, keyOf } from "./host-conflicts.ts";
import { HostEntry } from "./host-entry.ts";
import type { Host } from "./host.ts";
import { HostMap } from "../fields/host-pattern.ts";

/** What all hosts of a server have in common. */
export interface HostsOptions extends Omit<ErrorOptions, "notFound"> {
  /** Content coding of what is sent. */
  readonly compress?: Layer | undefined;
  /** Answers from stored responses. */
  readonly cache?: Layer | undefined;
  /** Extensions that each host has unless it says otherwise. Default: none; a server gives its own. */
  readonly defaults?: readonly Extension[] | undefined;
}

/** Who has something to say to which hosts there are, and which of them may answer. */
export interface HostsGuard {
  /** Hosts are about to be added: what it throws keeps them out. */
  add(hosts: readonly Host[]): void;
  /** Hosts are gone. */
  remove(hosts: readonly Host[]): void;
  /** Whether the host `any` may be asked for what another host has not found. */
  mayFallBack(request: Request, any: Host): boolean;
}

/** Who answers for a name: a host, or why there is none. */
interface Entry {
  readonly handle: Handler;
}

/** Authorities whose host is remembered. Clients choose them, so there is an end to it. */
const REMEMBERED = 1000;

/**
 * The hosts of a server: finds the host of each request and has it answer.
 *
 * - The authority is compared in ASCII lower case, without port and final dot; the most specific pattern wins.
 * - A name that no pattern takes is 421 (Misdirected Request, RFC 9110 §15.5.20), never some other host's page: what is
 *   not meant for this server must not be answered by it. The pattern `any` takes every name.
 * - A request without authority, which only HTTP/1.0 may send, goes to `any`, or to the only host there is.
 * - What a host does not find (no route, no file) is looked for in `any` unless the host has `noFallback`, and is 404 with
 *   the host's own page when that has nothing either. An `HttpError` with status 404 that a handler throws is final.
 * - A pattern that two hosts have is an error when the second is added, and 409 if it comes about later.
 */
export class Hosts {
  /** @internal The port of the server's first listener with TLS, once it is known. */
  securePort: number | undefined;
  /** @internal Default: nobody. */
  guard: HostsGuard | undefined;
  /** @internal Called when hosts come, go or change. */
  onChange: (() => void) | undefined;
  readonly #options: HostsOptions;
  readonly #errors: ErrorHandlers;
  #defaults: readonly Extension[];
  readonly #hosts = new Map<Host, HostEntry>();
  readonly #remembered = new Map<string, Entry>();
  #names: HostMap<Entry> | undefined;
  #lastAuthority: string | undefined;
  #lastEntry: Entry | undefined;

  /** @throws MillraceError `HOST_CONFLICT` */
  constructor(hosts: readonly Host[] = [], options: HostsOptions = {}) {
    this.#options = options;
    this.#errors = new ErrorHandlers(undefined, options);
    this.#defaults = options.defaults ?? [];
    this.add(...hosts);
  }

  /** The hosts in the order they were added. */
  get list(): readonly Host[] {
    return [...this.#hosts.keys()];
  }

  /** Adds hosts. @throws MillraceError `HOST_CONFLICT` with both places when two have the same pattern; none is added */
  add(...hosts: Host[]): this {
    const [conflict] = conflictsOf(new Set([...this.#hosts.keys(), ...hosts])).values();
    if (conflict !== undefined) throw conflict;
    const added = new Set(hosts.filter((host) => !this.#hosts.has(host)));
    this.guard?.add([...added]);
    for (const host of added) {
      const entry = this.#entryOf(host);
      this.#hosts.set(host, entry);
      host.parts.watchers.add(entry.onChange);
    }
    this.#forget();
    return this;
  }

  /** Removes hosts; requests that they are answering go on. */
  remove(...hosts: Host[]): this {
    for (const host of hosts) {
      const entry = this.#hosts.get(host);
      if (entry !== undefined) host.parts.watchers.delete(entry.onChange);
      this.#hosts.delete(host);
    }
    this.guard?.remove(hosts);
    this.#forget();
    return this;
  }

  /** Sets the handler of errors that no host has a handler for, those of finding the host among them. */
  error<K extends ErrorKey>(key: K, handler: ErrorHandler<ErrorOf<K>>): this {
    this.#errors.set(key, handler);
    return this;
  }

  /** The host that a name belongs to, or undefined. @param name in lower case, without port and final dot */
  find(name: string): Host | undefined {
    const found = this.#map().find(name);
    return found instanceof HostEntry ? found.host : undefined;
  }

  /** The extensions of a host, in the order that their stages run in, those that all hosts have included. */
  extensionsOf(host: Host): readonly Extension[] {
    return host.extensionsBeside(this.#defaults);
  }

  /** @internal The extensions that each host has unless it says otherwise, where none were given. */
  setDefaults(extensions: readonly Extension[]): void {
    if (this.#options.defaults !== undefined) return;
    this.#defaults = extensions;
    for (const entry of this.#hosts.values()) entry.onChange();
  }

  /** Folds every host now, so that mistakes show before the first request. @throws MillraceError `BAD_PATTERN` */
  compile(): void {
    for (const entry of this.#hosts.values()) entry.compile();
  }

  /** The handler of the server. */
  readonly handle: Handler = (request) => {
    const { host } = request;
    return (host === this.#lastAuthority ? this.#lastEntry! : this.#entryFor(host)).handle(request);
  };

  /** @internal The host that answers for an authority as it came, or undefined when none does. */
  answering(authority: string): Host | undefined {
    const entry = authority === this.#lastAuthority ? this.#lastEntry! : this.#entryFor(authority);
    return entry instanceof HostEntry ? entry.host : undefined;
  }

  /** Answers a request without a server. */
  readonly fetch = (request: Request | globalThis.Request): MaybePromise<Response> =>
    this.handle(request instanceof Request ? request : new Request(request));

  #entryFor(authority: string): Entry {
    let entry = this.#remembered.get(authority);
    if (entry === undefined) {
      entry = this.#resolve(authority);
      if (entry instanceof HostEntry) {
        if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
        this.#remembered.set(authority, entry);
      }
    }
    this.#lastAuthority = authority;
    this.#lastEntry = entry;
    return entry;
  }

  #resolve(authority: string): Entry {
    const map = this.#map();
    if (authority === "") return map.any ?? this.#onlyEntry() ?? this.#refusing(421);
    const parsed = parseHost(authority);
    if (parsed === undefined) return this.#refusing(400, "The authority is not a host with an optional port");
    return map.find(parsed.name) ?? this.#refusing(421);
  }

  #onlyEntry(): Entry | undefined {
    return this.#hosts.size === 1 ? this.#hosts.values().next().value : undefined;
  }

  #refusing(status: number, detail?: string): Entry {
    return { handle: (request) => this.#errors.answer(new HttpError(status, { detail }), request) };
  }

  #map(): HostMap<Entry> {
    if (this.#names !== undefined) return this.#names;
    const map = new HostMap<Entry>();
    const conflicts = conflictsOf(this.list);
    for (const [host, entry] of this.#hosts) {
      for (const { pattern } of host.names) {
        const conflict = conflicts.get(keyOf(pattern));
        map.set(pattern, conflict === undefined ? entry : this.#conflicting(conflict));
      }
    }
    this.#names = map;
    return map;
  }

  /** Both hosts would answer, so none does. It is the operator's mistake, who learns of it once. */
  #conflicting(conflict: MillraceError): Entry {
    let isReported = false;
    return {
      handle: (request) => {
        if (!isReported) this.#options.report?.(conflict, request);
        isReported = true;
        return this.#errors.answer(new HttpError(409, "More than one host has this name"), request);
      },
    };
  }

  /** Hosts and their names may have changed. */
  #forget(): void {
    this.onChange?.();
    this.#names = undefined;
    this.#remembered.clear();
    this.#lastAuthority = undefined;
  }

  #entryOf(host: Host): HostEntry {
    const { compress, cache } = this.#options;
    const fold = (isFallback: boolean): Handler => {
      const isAny = host.names.some(({ pattern }) => pattern.kind === "any");
      const notFound = isFallback ? "throw" : isAny || host.noFallback ? undefined : this.#fallBack;
      const errors = new ErrorHandlers(this.#errors, { ...this.#options, notFound });
      const securePort = (): number | undefined => this.securePort;
      return host.compileFor({ errors, compress, cache, defaults: this.#defaults, securePort });
    };
    return new HostEntry(host, fold, () => this.#forget(), this.#options.report);
  }

  /** Looks for what a host has not found in the host `any`. */
  readonly #fallBack: Handler = (request) => {
    const { any } = this.#map();
    const isOpen = any instanceof HostEntry && this.guard?.mayFallBack(request, any.host) !== false;
    if (isOpen) return any.fallback.handle(request);
    throw new NotFoundError();
  };
}
