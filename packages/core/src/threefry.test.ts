import fc from "fast-check";
import { expect, test } from "vitest";
import { randomWords, threefry2x32, wordToUnit } from "./threefry.ts";

// Known answers of the Random123 distribution (kat_vectors, threefry2x32 20): counter, key, words.
const known = [
  [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
  [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
] as const;

test("the known answers of Random123", () => {
  for (const [counter0, counter1, key0, key1, word0, word1] of known) {
    const out = new Uint32Array(2);
    threefry2x32(key0, key1, [counter0, counter1], out, 0);
    expect(Array.from(out)).toEqual([word0, word1]);
  }
});

test("words go where they are told", () => {
  const out = new Uint32Array(5);
  threefry2x32(0, 0, [0, 0], out, 2);
  expect(Array.from(out)).toEqual([0, 0, 0x6b200159, 0x99ba4efe, 0]);
});

test("the stream starts with the encryption of counter zero", () => {
  expect(Array.from(new Uint32Array(randomWords(0, 0, 2).buffer))).toEqual([0x6b200159, 0x99ba4efe]);
});

test("any stretch of the stream can be computed without the rest", () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(word, word, fc.nat(40), fc.nat(40), (key0, key1, first, length) => {
      const whole = randomWords(key0, key1, first + length);
      expect(randomWords(key0, key1, length, first)).toEqual(whole.slice(first));
    }),
  );
});

test("past 2³³ words the stream goes on, and does not begin again", () => {
  const out = new Int32Array(2);
  threefry2x32(3, 5, [1, 2], out, 0);
  expect(randomWords(3, 5, 3, 2 ** 33 + 3)).toEqual(Int32Array.of(randomWords(3, 5, 1, 2 ** 33 + 3)[0]!, ...out));
  expect(randomWords(3, 5, 2, 2 ** 33)).not.toEqual(randomWords(3, 5, 2));
});

test("one flipped bit of the key or the counter flips about half of the output", () => {
  const flips: number[] = [];
  const base = new Uint32Array(2);
  const changed = new Uint32Array(2);
  for (let bit = 0; bit < 64; bit++) {
    const low = bit < 32 ? 1 << bit : 0;
    const high = bit < 32 ? 0 : 1 << (bit - 32);
    threefry2x32(7, 11, [13, 17], base, 0);
    for (const [k0, k1, c0, c1] of [
      [low, high, 0, 0],
      [0, 0, low, high],
    ] as const) {
      threefry2x32(7 ^ k0, 11 ^ k1, [13 ^ c0, 17 ^ c1], changed, 0);
      let count = 0;
      for (let word = 0; word < 2; word++) for (let x = base[word]! ^ changed[word]!; x !== 0; x &= x - 1) count++;
      flips.push(count);
    }
  }
  // 128 trials of 64 fair coins: the mean is 32 ± 0.35, a single one 32 ± 4. Five of each.
  expect(Math.abs(flips.reduce((a, b) => a + b, 0) / flips.length - 32)).toBeLessThan(1.8);
  expect(Math.min(...flips)).toBeGreaterThan(12);
  expect(Math.max(...flips)).toBeLessThan(52);
});

test("a word's unit is its upper 24 bits: exact in float32, 0 included, 1 not", () => {
  expect(wordToUnit(0)).toBe(0);
  expect(wordToUnit(0xff)).toBe(0);
  expect(wordToUnit(0x100)).toBe(2 ** -24);
  expect(wordToUnit(-1)).toBe(1 - 2 ** -24);
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (word) => {
      expect(Math.fround(wordToUnit(word))).toBe(wordToUnit(word));
    }),
  );
});
