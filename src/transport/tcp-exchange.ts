import { connect } from "node:net";

/** Octets of the length before each message. */
const LENGTH = 2;

/**
 * Sends one message over a connection of its own and reads one: each with its length in two octets before it, as DNS goes
 * over TCP. RFC 1035 §4.2.2, RFC 7766 §8. What comes back has 65,535 octets at most.
 *
 * @throws {Error} with the code of the system, or with a message when the other side closes too soon
 */
export function exchangeOverTcp(
  { host, port }: { readonly host: string; readonly port: number },
  message: Buffer,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true });
    let held: Buffer = Buffer.alloc(0);
    const onAbort = (): void => end(() => reject(signal.reason as Error));
    const end = (settle: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      settle();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("data", (octets: Buffer) => {
      held = Buffer.concat([held, octets]);
      if (held.length < LENGTH) return;
      const whole = LENGTH + held.readUInt16BE(0);
      if (held.length >= whole) end(() => resolve(held.subarray(LENGTH, whole)));
    });
    socket.on("error", (error) => end(() => reject(error)));
    socket.on("close", () => end(() => reject(new Error("the connection was closed before the answer"))));
    // RFC 7766 §8: the length and the message in one write.
    const length = Buffer.alloc(LENGTH);
    length.writeUInt16BE(message.length);
    socket.write(Buffer.concat([length, message]));
  });
}
