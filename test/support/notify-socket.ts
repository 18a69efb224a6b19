import { type ChildProcess, spawn } from "node:child_process";
import { until } from "../life/fleet-process.ts";

/**
 * Node knows no datagrams of unix sockets; Perl, which every Debian has, does. A descriptor that comes with a message, as
 * systemd-notify sends one to wait for, is closed by the kernel, since nobody asks for it.
 */
const RECEIVE = `
  use Socket;
  my $path = shift;
  $path =~ s/^@/\\0/;
  socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($socket, pack_sockaddr_un($path)) or die $!;
  $| = 1;
  print "open\\0";
  my $message;
  print "$message\\0" while defined recv($socket, $message, 4096, 0);
`;

/** The socket that systemd listens on for word of its services. */
export class NotifySocket implements Disposable {
  /** What stands in `NOTIFY_SOCKET`. */
  readonly address: string;
  readonly #child: ChildProcess;
  #text = "";

  private constructor(address: string) {
    this.address = address;
    this.#child = spawn("perl", ["-e", RECEIVE, address], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child.stdout!.on("data", (text) => (this.#text += text));
  }

  /** @param address a path, or `@` and a name */
  static async open(address: string): Promise<NotifySocket> {
    const socket = new NotifySocket(address);
    await until(() => socket.#text !== "");
    return socket;
  }

  /** The messages so far, each as its assignments. */
  get messages(): string[][] {
    const [, ...messages] = this.#text.split("\0").slice(0, -1);
    return messages.filter((message) => message !== "BARRIER=1").map((message) => message.split("\n"));
  }

  /** The messages once so many of them have an assignment. */
  async until(assignment: string, count = 1): Promise<string[][]> {
    await until(() => this.count(assignment) >= count, 20_000);
    return this.messages;
  }

  /** How many messages have an assignment. */
  count(assignment: string): number {
    return this.messages.filter((message) => message.includes(assignment)).length;
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
