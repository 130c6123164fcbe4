import { expect, test } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["0 … 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["31 … 0", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ["the check value", ascii("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
])("RFC 3720, appendix B.4: %s", (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test("the mask is a rotation and a constant, and can be undone", () => {
  const masked = maskedCrc32c(ascii("foo"));
  const rotated = (masked - 0xa282ead8) >>> 0;
  expect(((rotated >>> 17) | (rotated << 15)) >>> 0).toBe(crc32c(ascii("foo")));
  expect(masked).not.toBe(crc32c(ascii("foo")));
});
