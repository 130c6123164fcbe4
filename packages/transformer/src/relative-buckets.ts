/** Kinds of distances between two tokens: near ones each of their own, far ones by the logarithm. Raffel et al. 2019, arXiv:1910.10683, section 2.1. */

import { type HostTensor, hostTensor } from "@dl/core";

export interface RelativeBucketsOptions {
  /** Queries stand at the last `time` of `keyTime` places. */
  time: number;
  keyTime: number;
  /** Number of kinds. */
  count: number;
  /** From here on, all distances are of the last kind. */
  maximumDistance: number;
  /** Half of the kinds for tokens after the query; else those count as distance 0. */
  bidirectional: boolean;
}

/** `[time, keyTime]` int32. */
export function relativeBuckets({ time, keyTime, count, maximumDistance, bidirectional }: RelativeBucketsOptions): HostTensor {
  const half = bidirectional ? count / 2 : count;
  const exact = Math.floor(half / 2);
  const kind = (offset: number): number => {
    const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
    const first = bidirectional && offset > 0 ? half : 0;
    if (distance < exact) return first + distance;
    // In float32, as the reference computes it: the logarithm falls onto whole numbers.
    const ratio = Math.fround(Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maximumDistance / exact)));
    return first + Math.min(half - 1, exact + Math.floor(Math.fround(ratio * (half - exact))));
  };
  const data = Int32Array.from({ length: time * keyTime }, (_, i) => {
    const query = keyTime - time + Math.floor(i / keyTime);
    return kind((i % keyTime) - query);
  });
  return hostTensor(data, [time, keyTime]);
}
