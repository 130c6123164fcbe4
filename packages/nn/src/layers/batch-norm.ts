/** Batch normalisation. Ioffe and Szegedy 2015, arXiv:1502.03167; running statistics as PyTorch keeps them. */

import { batchNorm, formatShape, isReplaying, OptionError, rsqrt, ShapeError, type Tensor } from "@dl/core";
import { ones, zeros } from "../init/constant.ts";
import { checkMode, type Mode } from "../mode.ts";
import { Module } from "../module.ts";
import { Buffer, Parameter } from "../parameter.ts";
import { checkCounts, checkEpsilon } from "./check-options.ts";

export interface BatchNormOptions {
  channels: number;
  /** Share of each batch in the running statistics. Default 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
}

/**
 * Per channel of `[…, C]`: in training by the mean and biased variance of the batch, which move the running statistics
 * (variance unbiased); in inference by the running statistics.
 */
export class BatchNorm extends Module {
  /** `[C]` */
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Buffer;
  readonly runningVariance: Buffer;
  readonly momentum: number;
  readonly epsilon: number;

  constructor({ channels, momentum = 0.1, epsilon = 1e-5 }: BatchNormOptions) {
    super();
    checkCounts("BatchNorm", { channels });
    checkEpsilon("BatchNorm", epsilon);
    if (!(momentum >= 0 && momentum <= 1)) throw new OptionError(`BatchNorm: expected a momentum from 0 to 1, got ${momentum}.`);
    this.weight = new Parameter(ones([channels]));
    this.bias = new Parameter(zeros([channels]));
    this.runningMean = new Buffer(zeros([channels]));
    this.runningVariance = new Buffer(ones([channels]));
    this.momentum = momentum;
    this.epsilon = epsilon;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    checkMode("BatchNorm", mode);
    const channels = this.weight.size;
    // One channel would broadcast to all of them.
    if (x.shape.at(-1) !== channels) {
      throw new ShapeError(`BatchNorm: expected input […, ${channels}], got ${formatShape(x.shape)}.`);
    }
    const { epsilon, momentum } = this;
    const [weight, bias] = [this.weight.value, this.bias.value];
    if (!mode.training) {
      const scale = weight.mul(rsqrt(this.runningVariance.value.add(epsilon))); // [C]
      return x.mul(scale).add(bias.sub(this.runningMean.value.mul(scale)));
    }
    const count = x.size / channels;
    if (count < 2) {
      throw new ShapeError(
        `BatchNorm: expected more than one value per channel in training, got input [${x.shape.join(", ")}]. Use a larger batch.`,
      );
    }
    const { y, mean, variance } = batchNorm(x, { weight, bias, epsilon });
    if (isReplaying()) return y;
    this.runningMean.set(this.runningMean.value.mul(1 - momentum).add(mean.mul(momentum)));
    this.runningVariance.set(this.runningVariance.value.mul(1 - momentum).add(variance.mul((momentum * count) / (count - 1))));
    return y;
  }
}
