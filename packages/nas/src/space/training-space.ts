/** Settings of training, for any model: which optimizer, its rate and its own settings, the batch. */

import { choice } from "./choice.ts";
import { type OneOf, oneOf } from "./one-of.ts";
import { float } from "./range.ts";
import { record } from "./record.ts";
import type { Space } from "./space.ts";

export interface TrainingValue {
  readonly batchSize: number;
  readonly optimizer: OneOf<{
    readonly sgd: { readonly learningRate: number; readonly momentum: number; readonly weightDecay: number };
    readonly adamw: { readonly learningRate: number; readonly beta2: number; readonly weightDecay: number };
  }>;
}

/**
 * @example
 * const { optimizer } = sample(trainingSpace(), rng).value;
 * const settings = optimizer.kind === "sgd" ? optimizer.value.momentum : optimizer.value.beta2;
 */
export function trainingSpace({ batchSizes = [32, 64, 128, 256] }: { batchSizes?: readonly number[] } = {}): Space<TrainingValue> {
  const weightDecay = float(1e-5, 1e-1, { log: true });
  return record<TrainingValue>({
    batchSize: choice(batchSizes),
    optimizer: oneOf({
      sgd: record({ learningRate: float(1e-3, 1, { log: true }), momentum: float(0, 0.99), weightDecay }),
      adamw: record({ learningRate: float(1e-5, 1e-2, { log: true }), beta2: choice([0.9, 0.95, 0.98, 0.99, 0.999]), weightDecay }),
    }),
  });
}
