/** Octets that have a meaning in HTTP/1.1 messages. RFC 9112 §2.1, RFC 5234 appendix B.1. */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;

/** What tells letters of ASCII in lower case from those in upper case. */
export const LOWER = 0x20;

/**
 * 1 for each octet that may stand in a request target: VCHAR without `#`, which is never sent (RFC 9112 §3.2).
 *
 * Octets above 0x7f are refused: a target is ASCII (RFC 3986 §2). `{}|` and their like are let through, since browsers
 * send some of them in queries.
 */
export const TARGET_CHAR: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, code) =>
  code > 0x20 && code < 0x7f && code !== 0x23 ? 1 : 0,
);

/** 1 for each octet that may stand in a field value: HTAB, SP, VCHAR, obs-text. RFC 9110 §5.5. */
export const VALUE_CHAR: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, code) =>
  code === HTAB || (code >= SP && code !== 0x7f) ? 1 : 0,
);
