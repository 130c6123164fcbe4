import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "./crc32.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["", 0],
  // The check value of the catalogue of CRCs, and a word by zlib.crc32 of Python.
  ["123456789", 0xcbf43926],
  ["hello", 0x3610a686],
])("%j has its published checksum", (text, expected) => {
  expect(crc32(ascii(text))).toBe(expected);
});

test("one changed byte is always seen", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, place, change) => {
      const bent = bytes.slice();
      bent[place % bytes.length]! ^= change;
      expect(crc32(bent)).not.toBe(crc32(bytes));
    }),
  );
});
