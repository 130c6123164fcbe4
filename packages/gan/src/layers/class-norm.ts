/** Batch norm in a generator: conditional where it is told classes, plain where not. */

import type { Rng, Tensor } from "@dl/core";
import { BatchNorm, type Mode } from "@dl/nn";
import { ConditionalBatchNorm } from "./conditional-batch-norm.ts";

export type ClassNorm = BatchNorm | ConditionalBatchNorm;

export function classNorm({ channels, classes, rng }: { channels: number; classes: number | undefined; rng: Rng }): ClassNorm {
  return classes === undefined ? new BatchNorm({ channels }) : new ConditionalBatchNorm({ channels, classes, rng });
}

/** `labels`: those of the batch where the norm is conditional. */
export function normalized(norm: ClassNorm, x: Tensor, { labels, mode }: { labels: Tensor | undefined; mode: Mode }): Tensor {
  return norm instanceof ConditionalBatchNorm ? norm.forward(x, labels!, mode) : norm.forward(x, mode);
}
