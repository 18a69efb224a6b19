import { TLSSocket } from "node:tls";
import type { Log } from "../base/log.ts";
import { isPromise } from "../base/maybe-promise.ts";
import { type Connection, type ConnectionHandler, DEAF } from "../transport/connection.ts";
import type { Phase, Watchdog, Watched } from "../transport/watchdog.ts";
import { type ClientCertificate, clientCertificateOf } from "./client-certificate.ts";
import { NoCertificateYet } from "./certificates.ts";
import { type ClientHello, parseClientHello } from "./client-hello.ts";
import { answerPlainHttp, looksLikeHttp } from "./plain-http.ts";
import { ACME_PROTOCOL, type Chosen, type SecureContexts } from "./secure-contexts.ts";
import { SecureConnection } from "./secure-connection.ts";
import { stapleTo } from "./staple-to.ts";

/** How connections become secure ones. */
export interface SecureOptions {
  readonly contexts: SecureContexts;
  /** Protocols that are offered (ALPN), the preferred one first. */
  readonly protocols: readonly string[];
  readonly watchdog: Watchdog;
  /** Milliseconds that a handshake may take, from the first octet to the last. */
  readonly timeout: number;
  readonly log: Log;
}

/** What has become of handshakes since the start. */
export interface HandshakeCounts {
  readonly done: number;
  /** Those of `done` that went on with an earlier session. */
  readonly resumed: number;
  readonly failed: number;
}

/** Fatal alerts of RFC 8446 §6 and RFC 7301 §3.2. */
const ALERTS = { handshakeFailure: 40, internalError: 80, unrecognizedName: 112, noApplicationProtocol: 120 } as const;

/** Puts TLS before whoever is given connections. One for all listeners of a server. */
export class Secure {
  readonly options: SecureOptions;
  /** Handshakes that are under way. */
  readonly #under = new Set<Handshake>();
  #settled: PromiseWithResolvers<void> | undefined;
  #done = 0;
  #resumed = 0;
  #failed = 0;

  constructor(options: SecureOptions) {
    this.options = options;
  }

  get counts(): HandshakeCounts {
    return { done: this.#done, resumed: this.#resumed, failed: this.#failed };
  }

  /** Resolves when no handshake is under way. */
  settled(): Promise<void> {
    if (this.#under.size === 0) return Promise.resolve();
    return (this.#settled ??= Promise.withResolvers()).promise;
  }

  /** Ends all handshakes that are under way. */
  abort(): void {
    for (const handshake of this.#under) handshake.abort();
  }

  /** Begins a handshake on each connection; `onConnection` is given those that are done, and sets their handler. */
  accept(onConnection: (connection: SecureConnection) => void): (connection: Connection) => void {
    return (connection) => {
      const handshake = new Handshake(this, connection, onConnection);
      connection.handler = handshake;
      this.#under.add(handshake);
    };
  }

  /** @internal A handshake is over, one way or the other. */
  forget(handshake: Handshake): void {
    this.#under.delete(handshake);
    if (this.#under.size === 0) this.#settled?.resolve();
  }

  /** @internal */
  succeeded(isResumed: boolean): void {
    this.#done++;
    if (isResumed) this.#resumed++;
  }

  /** @internal A handshake came to nothing: the client's business, so it is told for debugging only. */
  failed(reason: string, { remoteAddress }: Connection, serverName: string): void {
    this.#failed++;
    this.options.log.write("debug", "A TLS handshake failed", { reason, remoteAddress, serverName });
  }
}

/** The beginning of one connection, which may last as long as the deadline says and hurts nobody else when it fails. */
class Handshake implements ConnectionHandler, Watched {
  readonly phase: Phase = "handshake";
  deadline: number;
  readonly #secure: Secure;
  readonly #connection: Connection;
  readonly #onConnection: (connection: SecureConnection) => void;
  /** Octets of a hello that is not complete. */
  #held: Buffer | undefined;
  #socket: TLSSocket | undefined;
  #name = "";
  #state: "hello" | "choosing" | "handshake" | "ending" | "over" = "hello";
  #fault: string | undefined;

  constructor(secure: Secure, connection: Connection, onConnection: (connection: SecureConnection) => void) {
    const { watchdog, timeout } = secure.options;
    this.#secure = secure;
    this.#connection = connection;
    this.#onConnection = onConnection;
    watchdog.watch(this);
    this.deadline = watchdog.now + timeout;
  }

  onData(octets: Buffer): void {
    if (this.#state !== "hello") return;
    const all = this.#held === undefined ? octets : Buffer.concat([this.#held, octets]);
    if (looksLikeHttp(all)) return this.#refusePlain(all);
    const hello = parseClientHello(all);
    if (hello === "malformed") return this.#refuse("What came is no ClientHello", ALERTS.handshakeFailure);
    // A copy each time, but of no more than the longest hello.
    if (hello === "incomplete") this.#held = Buffer.from(all);
    else this.#begin(hello, all);
  }

  onEnd(): void {
    if (this.#state === "hello") this.#fault ??= "The client left before its hello was complete";
    if (this.#state !== "over") this.#connection.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    if (this.#state === "over") return;
    if (this.#state !== "ending") this.#fail(this.#fault ?? "The client left");
    this.#leave();
  }

  onDeadline(): void {
    // RFC 8446 §6.2: it is our own matter, and another try may meet the certificate.
    if (this.#state === "choosing") return this.#refuse("No certificate has come in time", ALERTS.internalError);
    if (this.#state !== "ending") this.#fault = "It took too long";
    this.abort();
  }

  /** Ends at once. */
  abort(): void {
    this.#fault ??= "The server stops";
    this.#socket?.destroy();
    this.#connection.destroy();
  }

  /** Chooses by the hello; nothing that goes wrong with it reaches anybody else. */
  #begin(hello: ClientHello, octets: Buffer): void {
    const { contexts } = this.#secure.options;
    this.#name = hello.name;
    this.#held = undefined;
    this.#state = "choosing";
    const first = Buffer.from(octets);
    const go = (chosen: Chosen | undefined): void => {
      if (this.#state !== "choosing") return;
      if (chosen === undefined) this.#refuse(...unservable(hello));
      else this.#shakeHands(chosen, first);
    };
    const fail = (error: unknown): void => {
      if (this.#state !== "choosing" && this.#state !== "handshake") return;
      if (error instanceof NoCertificateYet) this.#refuse(error.message, ALERTS.internalError);
      else this.#refuse(`The certificate cannot be used: ${(error as Error).message}`, ALERTS.handshakeFailure);
    };
    try {
      const chosen = contexts.choose(hello, this.#connection.remoteAddress);
      if (!isPromise(chosen)) return go(chosen);
      this.#connection.pause();
      chosen.then(go).catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Has Node go on with the octets of the hello. */
  #shakeHands(chosen: Chosen, first: Buffer): void {
    const { protocols } = this.#secure.options;
    this.#state = "handshake";
    const lower = this.#connection.takeSocket?.();
    if (lower === undefined) return this.#refuse("There is no socket to speak over", ALERTS.internalError);
    // Read before anything else, as if it came only now.
    lower.unshift(first);
    const socket = new TLSSocket(lower, {
      isServer: true,
      secureContext: chosen.context,
      requestCert: chosen.policy !== undefined,
      rejectUnauthorized: chosen.policy?.mode === "require",
      ALPNProtocols: chosen.isChallenge ? [ACME_PROTOCOL] : [...protocols],
    });
    this.#socket = socket;
    if (chosen.staple !== undefined) stapleTo(socket, chosen.staple);
    socket.on("error", this.#onError);
    socket.on("end", this.#onLeft);
    socket.on("close", this.#onLost);
    socket.once("secure", () => this.#done(socket, chosen));
  }

  #done(socket: TLSSocket, { policy, isChallenge }: Chosen): void {
    if (this.#state !== "handshake") return;
    const client = policy === undefined ? undefined : clientCertificateOf(socket);
    if (policy?.mode === "require" && client === undefined) {
      this.#fault = "The client's certificate is signed by nobody who is trusted";
      socket.destroy();
      return;
    }
    this.#secure.succeeded(socket.isSessionReused());
    // RFC 8737 §3: the certificate was the answer.
    if (isChallenge) {
      this.#state = "ending";
      socket.end();
      // Not everybody who comes is an authority, that leaves.
      this.#linger();
      return;
    }
    this.#handOver(socket, { policy, client });
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#fault ??= reasonOf(error);
  };

  /** Who says goodbye together with the last octet of the handshake is gone, and Node tells no more of it than this. */
  readonly #onLeft = (): void => {
    if (this.#state !== "handshake") return;
    this.#socket?.destroy();
  };

  readonly #onLost = (): void => this.onClose();

  #handOver(
    socket: TLSSocket,
    { policy, client }: { policy: Chosen["policy"]; client: ClientCertificate | undefined },
  ): void {
    this.#leave();
    // Nothing of the handshake is kept alive by what may be idle for hours.
    this.#connection.handler = DEAF;
    socket.off("error", this.#onError);
    socket.off("end", this.#onLeft);
    socket.off("close", this.#onLost);
    const protocol = socket.alpnProtocol === false || socket.alpnProtocol === null ? "" : socket.alpnProtocol;
    this.#onConnection(new SecureConnection(socket, this.#connection, { protocol, name: this.#name, policy, client }));
  }

  /** Somebody speaks HTTP here: told so in a way that people can read. */
  #refusePlain(octets: Buffer): void {
    this.#state = "ending";
    this.#fail("The client speaks plain HTTP");
    answerPlainHttp(this.#connection, octets);
    this.#linger();
  }

  #refuse(reason: string, alert: number): void {
    this.#state = "ending";
    this.#fail(reason);
    // It may have waited for a certificate.
    this.#connection.resume();
    // RFC 8446 §6: level fatal, and nothing is sealed yet.
    this.#connection.write(Buffer.from([21, 3, 3, 0, 2, 2, alert]));
    this.#connection.end();
    this.#linger();
  }

  /** Reads on for a moment: a reset would destroy the answer on its way. */
  #linger(): void {
    this.#held = undefined;
    this.deadline = this.#secure.options.watchdog.now + LINGER;
  }

  #fail(reason: string): void {
    this.#secure.failed(reason, this.#connection, this.#name);
  }

  #leave(): void {
    this.#state = "over";
    this.#held = undefined;
    this.#secure.options.watchdog.unwatch(this);
    this.#secure.forget(this);
  }
}

const LINGER = 2_000;

function unservable({ name, protocols }: ClientHello): [reason: string, alert: number] {
  if (protocols.length === 1 && protocols[0] === ACME_PROTOCOL) {
    return ["No ACME challenge is outstanding for the name", ALERTS.noApplicationProtocol];
  }
  return name === ""
    ? ["There is no certificate", ALERTS.handshakeFailure]
    : ["There is no certificate for the name", ALERTS.unrecognizedName];
}

/** The words of OpenSSL without the numbers around them: "no shared cipher". */
function reasonOf(error: NodeJS.ErrnoException & { readonly reason?: string }): string {
  return error.reason ?? error.code ?? error.message;
}
