// Asks for a large file on each of many connections and reads it at a trickle. Says how many still read.

import { connect, type Socket } from "node:net";
import { addressOf, each, onAsk, settings } from "./client.ts";

export interface ReaderSettings {
  port: number;
  count: number;
  /** Octets a second. */
  rate: number;
}

export interface ReaderReport {
  reading: number;
  octets: number;
}

const { port, count, rate } = settings() as ReaderSettings;
let reading = 0;
let octets = 0;

async function read(index: number): Promise<void> {
  // A buffer of its own makes Node read that much and no more; false stops until resume().
  const buffer = Buffer.alloc(rate);
  const onread = {
    buffer,
    callback: (length: number) => {
      octets += length;
      return false;
    },
  };
  const socket: Socket = connect({ port, host: "127.0.0.1", localAddress: addressOf(index), onread });
  socket.on("error", () => {});
  const timer = setInterval(() => socket.resume(), 1_000);
  socket.write("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise<void>((resolve) => {
    socket.once("connect", () => {
      reading++;
      resolve();
    });
    socket.once("close", () => {
      clearInterval(timer);
      reading--;
      resolve();
    });
  });
}

void each(count, 100, read);
onAsk((): ReaderReport => ({ reading, octets }));
