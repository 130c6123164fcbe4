/** Places as a penalty on attention that grows with the distance, and nothing else. Press et al. 2021, ALiBi, arXiv:2108.12409. */

import { type HostTensor, hostTensor } from "@dl/core";

/**
 * How fast attention falls with the distance, by head: a geometric sequence that begins at 2^(−8/n) for n heads. For numbers that are no
 * power of two the rest is taken from between, as the authors' code does.
 */
export function linearSlopes(heads: number): Float32Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  return Float32Array.from({ length: heads }, (_, head) =>
    head < power ? 2 ** ((-8 * (head + 1)) / power) : 2 ** ((-8 * (2 * (head - power) + 1)) / (2 * power)),
  );
}

/** `[1, H, T, T]`, added to the scores of an encoder, which sees both sides: 0 at the query itself, less the further away on either. */
export function linearDistances({ heads, time }: { heads: number; time: number }): HostTensor {
  const slopes = linearSlopes(heads);
  const square = time * time;
  const data = Float32Array.from({ length: heads * square }, (_, i) => {
    const distance = Math.abs(Math.floor((i % square) / time) - (i % time));
    return distance === 0 ? 0 : -slopes[Math.floor(i / square)]! * distance;
  });
  return hostTensor(data, [1, heads, time, time]);
}

/**
 * `[1, H, 1, S]`, added to the scores: 0 at the last key, less the further back. A query before the last sees all of it moved by one
 * number, which softmax does not tell.
 */
export function linearBiases({ heads, keyTime }: { heads: number; keyTime: number }): HostTensor {
  const slopes = linearSlopes(heads);
  const data = Float32Array.from({ length: heads * keyTime }, (_, i) => slopes[Math.floor(i / keyTime)]! * ((i % keyTime) - keyTime + 1));
  return hostTensor(data, [1, heads, 1, keyTime]);
}
