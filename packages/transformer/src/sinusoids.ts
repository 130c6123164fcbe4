/** Places as sines and cosines of falling frequency. Vaswani et al. 2017, section 3.5; sines first, then cosines, as Marian has them. */

import { type HostTensor, hostTensor } from "@dl/core";

/** Rows `start` to `start + count` of the table: `[count, size]`. */
export function sinusoids({ start = 0, count, size }: { start?: number; count: number; size: number }): HostTensor {
  const half = Math.ceil(size / 2);
  const data = Float32Array.from({ length: count * size }, (_, i) => {
    const column = i % size;
    const angle = (start + Math.floor(i / size)) / 10_000 ** ((2 * (column % half)) / size);
    return column < half ? Math.sin(angle) : Math.cos(angle);
  });
  return hostTensor(data, [count, size]);
}
