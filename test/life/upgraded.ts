import { connect, type Socket } from "node:net";
import { once } from "node:events";

/** A client of the echo protocol that the app of these tests speaks: what it sends comes back, and the last word is the server's. */
export class Upgraded {
  /** What came last, when the server has ended the connection in good order. @throws when it broke off */
  readonly over: Promise<string>;
  readonly #socket: Socket;
  #text = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => (this.#text += chunk));
    this.over = new Promise((resolve, reject) => {
      socket.once("end", () => resolve(this.#text));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("It broke off")));
    });
    this.over.catch(() => {});
  }

  static async open(port: number): Promise<Upgraded> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    let head = "";
    while (!head.endsWith("\r\n\r\n")) head += String((await once(socket, "data"))[0]);
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(head);
    return new Upgraded(socket);
  }

  /** Sends words and takes them back. */
  async echo(words: string): Promise<string> {
    this.#socket.write(words);
    while (this.#text.length < words.length) await once(this.#socket, "data");
    const text = this.#text;
    this.#text = "";
    return text;
  }

  close(): void {
    this.#socket.destroy();
  }
}
