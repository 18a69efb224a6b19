/** Error codes. RFC 9113 §7. */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const INTERNAL_ERROR = 2;
export const FLOW_CONTROL_ERROR = 3;
export const SETTINGS_TIMEOUT = 4;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

/** What the other end did wrong, and how far it reaches. Made when a module loads; the session applies it. */
export interface Fault {
  /** The connection is lost with all its streams, or one stream is reset. RFC 9113 §5.4. */
  readonly scope: "connection" | "stream";
  readonly code: number;
  readonly reason: string;
}

/** RFC 9113 §5.4.1: GOAWAY, and the connection is closed. */
export function connectionFault(code: number, reason: string): Fault {
  return { scope: "connection", code, reason };
}

/** RFC 9113 §5.4.2: RST_STREAM. */
export function streamFault(code: number, reason: string): Fault {
  return { scope: "stream", code, reason };
}
