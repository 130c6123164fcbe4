/**
 * Threefry-2x32 with 20 rounds: a counter-based generator of 32-bit additions, rotations and exclusive-ors only,
 * so that every engine draws the same bits. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */

// Table 2 of the paper, the 2×32 column.
const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const parity = 0x1bd11bda;

/** Encrypts the counter `(high, low)` under the key; writes two words at `out[at]` and `out[at + 1]`. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter: readonly [number, number],
  out: Int32Array | Uint32Array,
  at: number,
): void {
  const key2 = parity ^ key0 ^ key1;
  let x0 = (counter[0] + key0) | 0;
  let x1 = (counter[1] + key1) | 0;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const rotation = rotations[(group % 2) * 4 + round]!;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    }
    // Key injection s = group + 1: words s and s + 1 of the extended key, and s itself. Equation 3.
    const s = group + 1;
    x0 = (x0 + (s % 3 === 0 ? key0 : s % 3 === 1 ? key1 : key2)) | 0;
    x1 = (x1 + (s % 3 === 0 ? key1 : s % 3 === 1 ? key2 : key0) + s) | 0;
  }
  out[at] = x0;
  out[at + 1] = x1;
}

/**
 * `length` words of the stream of one key. Words 2i and 2i + 1 are the encryption of counter (⌊i/2³²⌋, i mod 2³²):
 * any word can be computed without the ones before it.
 */
export function randomWords(key0: number, key1: number, length: number, first = 0): Int32Array {
  const words = new Int32Array(length);
  const pair = new Int32Array(2);
  const counter: [number, number] = [0, 0];
  for (let i = 0; i < length; i++) {
    const word = first + i;
    if (i === 0 || word % 2 === 0) {
      const pairs = Math.floor(word / 2);
      counter[0] = Math.floor(pairs / 2 ** 32);
      counter[1] = pairs % 2 ** 32;
      threefry2x32(key0, key1, counter, pair, 0);
    }
    words[i] = pair[word & 1]!;
  }
  return words;
}

/** A word as a float in [0, 1): its upper 24 bits, which a float32 holds exactly. */
export function wordToUnit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}
