import fc from "fast-check";

/** Any UTF-16 text, half of it octets, lone surrogates included. (fast-check's own "binary" takes 0.7 s to set up.) */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.nat(0xff), fc.nat(0xffff)).map((code) => String.fromCharCode(code));
  return fc.string({ unit, maxLength });
}

/** Texts near the grammar of a field: its own delimiters and words, in any order, amid other octets. */
export function near(...words: string[]): fc.Arbitrary<string> {
  const part = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 2, arbitrary: fc.constantFrom(" ", "\t", ",", ";", "=", '"', "\\", ":", "0", "a", "*", "-", "/") },
    { weight: 1, arbitrary: anyText(3) },
  );
  return fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
}

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".split("");

export const token: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...TOKEN_CHARACTERS),
  minLength: 1,
  maxLength: 8,
});

/** What a quoted string can carry: HTAB, SP, VCHAR and obs-text. */
export const quotable: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', "\\", ",", ";", "a"),
    fc
      .integer({ min: 0x09, max: 0xff })
      .filter((code) => code === 0x09 || (code >= 0x20 && code !== 0x7f))
      .map((code) => String.fromCharCode(code)),
  ),
  maxLength: 12,
});
