import { connectionFault, type Fault, FLOW_CONTROL_ERROR, PROTOCOL_ERROR } from "./errors.ts";
import { DEFAULT_WINDOW, WINDOW_LIMIT } from "./flow.ts";
import { frameHead, FRAME_LIMIT, read32, SETTINGS, text16, text32 } from "./frame.ts";
import { DEFAULT_TABLE_SIZE } from "./hpack-tables.ts";

/** Names of settings. RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1. */
const HEADER_TABLE_SIZE = 1;
const ENABLE_PUSH = 2;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;
const MAX_HEADER_LIST_SIZE = 6;
const ENABLE_CONNECT_PROTOCOL = 8;
const NO_RFC7540_PRIORITIES = 9;

const BAD_PUSH = connectionFault(PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH is neither 0 nor 1");
const BAD_WINDOW = connectionFault(FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE is above the largest window");
const BAD_FRAME_SIZE = connectionFault(PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE is out of its range");

/** Streams of one connection that may be open at once. */
export const STREAM_LIMIT = 100;

/** Content of one stream that may wait for its reader. */
export const STREAM_WINDOW: number = 128 * 1024;

/** Content of all streams of a connection that may wait for its readers. */
export const CONNECTION_WINDOW: number = 1024 * 1024;

/** The settings that we announce. @param headerList octets of a decoded header section */
export function ourSettings(headerList: number): string {
  const payload =
    setting(MAX_CONCURRENT_STREAMS, STREAM_LIMIT) +
    setting(INITIAL_WINDOW_SIZE, STREAM_WINDOW) +
    setting(MAX_HEADER_LIST_SIZE, headerList) +
    setting(ENABLE_CONNECT_PROTOCOL, 1) +
    setting(NO_RFC7540_PRIORITIES, 1);
  return frameHead(payload.length, SETTINGS, 0, 0) + payload;
}

function setting(name: number, value: number): string {
  return text16(name) + text32(value);
}

/** What the other end has announced, as far as a server cares. */
export class PeerSettings {
  headerTableSize: number = DEFAULT_TABLE_SIZE;
  initialWindow: number = DEFAULT_WINDOW;
  /** The smallest table that the last SETTINGS named on their way to the one that holds. RFC 7541 §4.2. */
  smallestTable: number = DEFAULT_TABLE_SIZE;

  /** Reads the payload of SETTINGS: pairs of a name and a value, in their order. RFC 9113 §6.5. */
  read(octets: Uint8Array, start: number, end: number): Fault | undefined {
    this.smallestTable = this.headerTableSize;
    for (let at = start; at < end; at += 6) {
      const fault = this.#set((octets[at]! << 8) | octets[at + 1]!, read32(octets, at + 2));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** RFC 9113 §6.5.2: settings that we do not know are ignored. */
  #set(name: number, value: number): Fault | undefined {
    switch (name) {
      case HEADER_TABLE_SIZE:
        this.headerTableSize = value;
        this.smallestTable = Math.min(this.smallestTable, value);
        return undefined;
      case ENABLE_PUSH:
        return value > 1 ? BAD_PUSH : undefined;
      case INITIAL_WINDOW_SIZE:
        if (value > WINDOW_LIMIT) return BAD_WINDOW;
        this.initialWindow = value;
        return undefined;
      case MAX_FRAME_SIZE:
        // Ours are never larger than the least that it can be.
        return value < FRAME_LIMIT || value > 0xffffff ? BAD_FRAME_SIZE : undefined;
      default:
        return undefined;
    }
  }
}
