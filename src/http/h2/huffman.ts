import { CODE_LENGTHS, CODES, END_OF_STRING } from "./hpack-tables.ts";

/**
 * A step of decoding for each state and each half of an octet: bits 0 to 7 are the next state, 8 to 15 a symbol, and
 * above them whether there is a symbol, or no way on. No code is shorter than 5 bits: a half gives one symbol at most.
 */
const EMITS = 1 << 16;
const FAILS = 1 << 17;

interface Machine {
  readonly steps: Int32Array;
  /** States in which a string may end: what was read of a code is nothing but padding. */
  readonly ends: Uint8Array;
}

/** Made when the first string comes: a server that speaks no HTTP/2 does not pay for it. */
let machine: Machine | undefined;

function makeMachine(): Machine {
  // Each inner node of the code's tree is a state; children are states, or symbols as their complement.
  const children = new Int32Array(512);
  let states = 1;
  for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
    const length = CODE_LENGTHS[symbol]!;
    let state = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const child = state * 2 + ((CODES[symbol]! >>> bit) & 1);
      if (children[child] === 0) children[child] = states++;
      state = children[child]!;
    }
    children[state * 2 + (CODES[symbol]! & 1)] = ~symbol;
  }
  const steps = new Int32Array(256 * 16);
  for (let state = 0; state < 256; state++) {
    for (let half = 0; half < 16; half++) steps[state * 16 + half] = step(children, state, half);
  }
  const ends = new Uint8Array(256);
  // RFC 7541 §5.2: padding is the beginning of END_OF_STRING, all ones, and shorter than an octet.
  for (let state = 0, depth = 0; depth < 8; depth++) {
    ends[state] = 1;
    state = children[state * 2 + 1]!;
  }
  return { steps, ends };
}

function step(children: Int32Array, from: number, half: number): number {
  let state = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[state * 2 + ((half >>> bit) & 1)]!;
    // RFC 7541 §5.2: END_OF_STRING in a string is an error.
    if (child === ~END_OF_STRING) return FAILS;
    if (child < 0) {
      emitted = EMITS | (~child << 8);
      state = 0;
    } else state = child;
  }
  return emitted | state;
}

/** Strings are decoded into this and copied out of it; it grows to the longest one seen. */
let scratch: Buffer = Buffer.allocUnsafeSlow(1024);

/** The text (latin1) of a Huffman-coded string, or undefined when it is not one. RFC 7541 §5.2. */
export function decodeHuffman(octets: Uint8Array, start: number, end: number): string | undefined {
  machine ??= makeMachine();
  const { steps, ends } = machine;
  // Codes have 5 bits at least.
  const most = Math.floor(((end - start) * 8) / 5) + 1;
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most * 2);
  const out = scratch;
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const octet = octets[at]!;
    const high = steps[state * 16 + (octet >>> 4)]!;
    if (high >= EMITS) {
      if (high >= FAILS) return undefined;
      out[length++] = (high >>> 8) & 0xff;
    }
    const low = steps[(high & 0xff) * 16 + (octet & 15)]!;
    if (low >= EMITS) {
      if (low >= FAILS) return undefined;
      out[length++] = (low >>> 8) & 0xff;
    }
    state = low & 0xff;
  }
  return ends[state] === 1 ? out.toString("latin1", 0, length) : undefined;
}

/** The octets that text (latin1) has when it is Huffman-coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += CODE_LENGTHS[text.charCodeAt(index)]!;
  return Math.ceil(bits / 8);
}

/** Text (latin1) Huffman-coded, one octet per character. RFC 7541 §5.2. */
export function encodeHuffman(text: string): string {
  const out: number[] = [];
  let pending = 0;
  let bits = 0;
  const put = (code: number, length: number): void => {
    // At most 7 bits are pending and 24 come: 31 fit.
    pending = (pending << length) | code;
    bits += length;
    while (bits >= 8) {
      bits -= 8;
      out.push((pending >>> bits) & 0xff);
    }
    pending &= (1 << bits) - 1;
  };
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    const code = CODES[symbol]!;
    const length = CODE_LENGTHS[symbol]!;
    if (length <= 24) put(code, length);
    else {
      put(code >>> 8, length - 8);
      put(code & 0xff, 8);
    }
  }
  if (bits > 0) put((1 << (8 - bits)) - 1, 8 - bits);
  let coded = "";
  for (let from = 0; from < out.length; from += 4096) coded += String.fromCharCode(...out.slice(from, from + 4096));
  return coded;
}
