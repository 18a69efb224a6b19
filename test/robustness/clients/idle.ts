// Opens connections, asks for /hello once on each and holds them. Says how many are open and answered.

import { dial, each, onAsk, settings } from "./client.ts";

export interface IdleSettings {
  port: number;
  count: number;
}

export interface IdleReport {
  answered: number;
  open: number;
  /** Whether all have been tried. */
  done: boolean;
}

const { port, count } = settings() as IdleSettings;
let answered = 0;
let open = 0;
let done = false;

async function hold(index: number): Promise<void> {
  const socket = dial(port, index);
  socket.write("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise<void>((resolve) => {
    socket.once("connect", () => open++);
    socket.once("data", () => {
      answered++;
      resolve();
    });
    socket.once("close", () => {
      if (socket.bytesRead > 0 || socket.bytesWritten > 0) open--;
      resolve();
    });
    setTimeout(resolve, 2_000).unref();
  });
}

void each(count, 100, hold).then(() => (done = true));
onAsk((): IdleReport => ({ answered, open, done }));
