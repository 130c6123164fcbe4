/** The first check of new code: a model that cannot learn one batch by heart has a bug. Karpathy 2019, "A recipe for training neural networks". */

import { OptionError } from "@dl/core";
import { type Dataset, type Example, take } from "@dl/data";
import { readState } from "@dl/nn";
import type { Callback } from "./callback.ts";
import { type FitOptions, fit } from "./fit.ts";
import { formatMetric } from "./quantity.ts";
import { putBack } from "./read-weights.ts";

export interface OverfitOneBatchOptions<E extends Example>
  extends Pick<FitOptions<E>, "device" | "model" | "optimizer" | "step" | "rng" | "transform" | "clipNorm" | "signal"> {
  dataset: Dataset<E>;
  /** Examples in the batch: the first of the dataset. Default 8. */
  batchSize?: number;
  /** At most, and at least 1. Default 200. */
  steps?: number;
  /** The loss to get to, as a share of the first one; from 0 up to, not including, 1. Default 0.1. */
  target?: number;
}

export interface OverfitReport {
  /** Whether the loss came down to the target. */
  readonly learned: boolean;
  /** One a step. */
  readonly losses: readonly number[];
  /** Parameters that no step has changed, by path: not used in `forward`, or cut off from the loss. */
  readonly unchanged: readonly string[];
  /** The above for people. */
  readonly summary: string;
}

/**
 * Trains on one batch until the loss is a tenth of what it was. Model and optimizer are as before when it is done.
 *
 * Leave augmentation out, and let `step` ignore the mode where dropout is strong: what is asked is whether the model can learn.
 *
 * @throws OptionError where the first loss is below 0, of which a share is no target.
 * @example
 * const { learned, summary } = await overfitOneBatch({ device, model, optimizer, dataset, rng, step });
 */
export async function overfitOneBatch<E extends Example>({
  batchSize = 8,
  steps = 200,
  target = 0.1,
  dataset,
  ...options
}: OverfitOneBatchOptions<E>): Promise<OverfitReport> {
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`overfitOneBatch: expected at least 1 step, got ${steps}.`);
  if (!(target >= 0 && target < 1))
    throw new OptionError(`overfitOneBatch: expected a target from 0 up to, not including, 1, got ${target}.`);
  const { model, optimizer } = options;
  const weights = await readState(model);
  const moments = await optimizer.read(model);
  const losses: number[] = [];
  const isLearned = (): boolean => losses.at(-1)! <= target * losses[0]!;
  const watch: Callback = {
    name: "watch",
    onStep(run, { metrics: { loss } }) {
      if (losses.length === 0 && loss! < 0) {
        throw new OptionError(
          `overfitOneBatch: expected a first loss from 0 up, got ${loss}. Add what makes the best one 0, for this check alone.`,
        );
      }
      losses.push(loss!);
      if (isLearned() || !Number.isFinite(loss)) run.stop("enough seen");
    },
  };
  try {
    await fit({ ...options, dataset: take(dataset, batchSize), batchSize, epochs: steps, callbacks: [watch] });
    const after = await readState(model);
    const trained = new Set(optimizer.groups.flatMap(({ parameters }) => parameters));
    const unchanged = [...model.namedParameters()]
      .filter(
        ([path, parameter]) => trained.has(parameter) && weights.get(path)!.data.every((value, i) => value === after.get(path)!.data[i]),
      )
      .map(([path]) => path);
    const learned = isLearned();
    return { learned, losses, unchanged, summary: describe({ learned, losses, unchanged }) };
  } finally {
    putBack(model, weights);
    optimizer.load(model, moments);
  }
}

function describe({ learned, losses, unchanged }: Omit<OverfitReport, "summary">): string {
  const [first, last] = [losses[0]!, losses.at(-1)!].map((loss) => formatMetric("loss", loss));
  const course = `loss ${first} → ${last} in ${losses.length} steps`;
  const idle = unchanged.length === 0 ? "" : ` Never changed: ${unchanged.join(", ")}. Does the loss depend on them?`;
  if (learned) return `learned: ${course}.${idle}`;
  if (Number.isNaN(losses.at(-1)))
    return `did not learn: ${course}. Look for NaN in the inputs, and for labels outside of the classes.${idle}`;
  return `did not learn: ${course}. Look at the learning rate, at the loss, and at inputs and labels side by side.${idle}`;
}
