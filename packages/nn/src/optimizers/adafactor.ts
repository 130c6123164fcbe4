/** Adafactor: a matrix's second moments as those of its rows and columns, steps as long as the weights. Shazeer and Stern 2018, arXiv:1804.04235, algorithm 5; as PyTorch has it. */

import { maximum, mean, norm, type Tensor } from "@dl/core";
import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";

/** A step is at most `learningRate` times as long as the weights, and no more than 1/√step of that; the paper's is 10⁻². */
export interface AdafactorOptions extends CommonOptions {
  /** The new moments' share is the number of the step to this power. Default −0.8. */
  decayPower?: number;
  /** Least root of a second moment. Default 2⁻²³, the smallest difference from 1 in float32. */
  epsilon?: number;
  /** Least root mean square of weights that a step is measured by. Default 10⁻³. */
  leastScale?: number;
  /** Most that the root mean square of a step may be before it is scaled. Default 1. */
  threshold?: number;
  /** Share of the weights taken off at each step, times the learning rate; apart from the gradient. Default 0. */
  weightDecay?: number;
}

type Settled = Required<AdafactorOptions>;

/** Memory: a matrix `[n, m]` needs n + m numbers, where Adam needs 2·n·m. */
export class Adafactor extends Optimizer<Settled> {
  constructor(
    trainable: Trainable<Settled>,
    { learningRate, decayPower = -0.8, epsilon = 2 ** -23, leastScale = 1e-3, threshold = 1, weightDecay = 0 }: AdafactorOptions,
  ) {
    super(trainable, { learningRate, decayPower, epsilon, leastScale, threshold, weightDecay });
  }

  protected slotNames(_options: Settled, shape: readonly number[]): readonly string[] {
    return shape.length > 1 ? ["rows", "columns"] : ["meanSquare"];
  }

  /** `[…, n, m]`: `[…, n, 1]` for rows, `[…, 1, m]` for columns. */
  protected override slotShape(name: string, shape: readonly number[]): readonly number[] {
    if (name === "rows") return [...shape.slice(0, -1), 1];
    if (name === "columns") return [...shape.slice(0, -2), 1, shape.at(-1)!];
    return shape;
  }

  protected updateParameter({ parameter, gradient, slots, options, learningRate, step: before }: ParameterUpdate<Settled>): void {
    const { decayPower, epsilon, leastScale, threshold, weightDecay } = options;
    const step = before + 1;
    const share = step ** decayPower;
    const moved = (slot: keyof typeof slots, now: Tensor): Tensor => {
      const cell = slots[slot]!;
      cell.set(cell.value.add(now.sub(cell.value).mul(share)));
      return cell.value;
    };
    const square = gradient.square();
    let second: Tensor;
    if (gradient.rank > 1) {
      const rows = moved("rows", mean(square, -1, { keepDims: true }));
      const columns = moved("columns", mean(square, -2, { keepDims: true }));
      second = rows.mul(columns).div(maximum(mean(rows, -2, { keepDims: true }), epsilon));
    } else second = moved("meanSquare", square);
    const direction = gradient.div(maximum(second, epsilon ** 2).sqrt());
    const scale = maximum(rootMeanSquare(parameter.value), leastScale);
    const tooLong = maximum(rootMeanSquare(direction).div(threshold), 1);
    const length = scale.div(tooLong).mul(Math.min(learningRate, 1 / Math.sqrt(step)));
    const kept = weightDecay === 0 ? parameter.value : parameter.value.mul(1 - learningRate * weightDecay);
    parameter.set(kept.sub(direction.mul(length)));
  }
}

const rootMeanSquare = (x: Tensor): Tensor => norm(x).div(Math.sqrt(x.size));
