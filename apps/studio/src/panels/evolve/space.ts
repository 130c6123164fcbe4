/** The networks that are searched: one to three blocks of a convolution and a pool, a dense layer, and the rate they learn with. */

import { choice, float, record, repeat, type Space } from "@dl/nas";

/** A convolution, and what follows it. */
export interface BlockChoice {
  readonly filters: 4 | 8 | 16 | 32;
  readonly norm: "plain" | "norm";
  readonly pool: "pool" | "none";
}

const block: Space<BlockChoice> = record({
  filters: choice([4, 8, 16, 32]),
  norm: choice(["plain", "norm"]),
  pool: choice(["pool", "none"]),
});

/** A value of the space. */
export interface NetworkChoice {
  readonly blocks: readonly BlockChoice[];
  readonly dense: 16 | 32 | 64 | 128;
  readonly learningRate: number;
}

export const networkSpace: Space<NetworkChoice> = record({
  blocks: repeat(block, { times: [1, 3] }),
  dense: choice([16, 32, 64, 128]),
  learningRate: float(5e-4, 2e-2, { log: true }),
});

/** The network in the words of Classify. */
export function wordsOf({ blocks, dense }: NetworkChoice): string {
  const words = blocks.flatMap(({ filters, norm, pool }) => [
    `conv${filters}`,
    ...(norm === "norm" ? ["norm"] : []),
    ...(pool === "pool" ? ["pool"] : []),
  ]);
  return [...words, `dense${dense}`].join(" ");
}
