import type { Socket } from "node:net";

// The least that asks for `/` in HTTP/2: ten thousand sessions of node:http2 would keep the client busier than the server.

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** RFC 9113 §6: types of frames, and flags. */
const [DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY] = [0, 1, 3, 4, 7];
const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4];

/** Sends the preface and a GET on a connection, says `done` when it has been answered, and goes on reading. */
export function http2Get(socket: Socket, authority: string, done: () => void): void {
  // RFC 7541 §6.1, §6.2.2: `:method: GET`, `:scheme: http` and `:path: /` stand in the static table, the name of `:authority` too.
  const block = Buffer.from([0x82, 0x86, 0x84, 0x01, authority.length, ...Buffer.from(authority)]);
  const request = frame(HEADERS, END_STREAM | END_HEADERS, 1, block);
  socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0), request]));
  let held = Buffer.alloc(0);
  socket.on("data", (octets) => {
    held = Buffer.concat([held, octets as Buffer]);
    while (held.length >= 9 && held.length >= 9 + held.readUIntBE(0, 3)) {
      const [type, flags, stream] = [held.readUInt8(3), held.readUInt8(4), held.readUInt32BE(5)];
      held = held.subarray(9 + held.readUIntBE(0, 3));
      if (type === SETTINGS && (flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0));
      if (type === RST_STREAM || type === GOAWAY) socket.destroy();
      const ends = (type === DATA || type === HEADERS) && stream === 1 && (flags & END_STREAM) !== 0;
      if (ends) done();
    }
  });
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
