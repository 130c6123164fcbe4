/** Group and instance normalisation. Wu and He 2018, arXiv:1803.08494; Ulyanov et al. 2016, arXiv:1607.08022. */

import { formatShape, mean, OptionError, rsqrt, ShapeError, square, type Tensor } from "@dl/core";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts, checkEpsilon } from "./check-options.ts";

export interface GroupNormOptions {
  channels: number;
  /** Divides the channels. */
  groups: number;
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
}

/** Each example of `[B, …, C]` by mean and variance over positions and the channels of a group; then scaled and shifted per channel. */
export class GroupNorm extends Module {
  /** `[C]` */
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly groups: number;
  readonly epsilon: number;

  constructor({ channels, groups, epsilon = 1e-5 }: GroupNormOptions) {
    super();
    checkCounts("GroupNorm", { channels });
    checkEpsilon("GroupNorm", epsilon);
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new OptionError(`GroupNorm: expected a number of groups that divides ${channels} channels, got ${groups}.`);
    }
    this.weight = new Parameter(ones([channels]));
    this.bias = new Parameter(zeros([channels]));
    this.groups = groups;
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return this.normalized(x).mul(this.weight.value).add(this.bias.value);
  }

  /** `x` by its mean and variance, before scale and shift: `[B, …, C]`. */
  normalized(x: Tensor): Tensor {
    const channels = this.weight.size;
    checkChannels("GroupNorm", x, { channels, least: 2 });
    // B batch, P positions, G groups, K channels of a group
    const grouped = x.reshape([x.shape[0]!, -1, this.groups, channels / this.groups]); // [B, P, G, K]
    return normalize(grouped, { axes: [1, 3], epsilon: this.epsilon }).reshape(x.shape);
  }
}

/** Each example and channel of `[B, …, C]` by its own mean and variance over positions; then scaled and shifted per channel. */
export class InstanceNorm extends Module {
  /** `[C]` */
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly epsilon: number;

  /** `epsilon` is added to the variance; default 1e-5. */
  constructor({ channels, epsilon = 1e-5 }: { channels: number; epsilon?: number }) {
    super();
    checkCounts("InstanceNorm", { channels });
    checkEpsilon("InstanceNorm", epsilon);
    this.weight = new Parameter(ones([channels]));
    this.bias = new Parameter(zeros([channels]));
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return this.normalized(x).mul(this.weight.value).add(this.bias.value);
  }

  /** `x` by its mean and variance, before scale and shift: `[B, …, C]`. */
  normalized(x: Tensor): Tensor {
    checkChannels("InstanceNorm", x, { channels: this.weight.size, least: 3 });
    const flat = x.reshape([x.shape[0]!, -1, this.weight.size]); // [B, P, C]
    return normalize(flat, { axes: [1], epsilon: this.epsilon }).reshape(x.shape);
  }
}

/** A vector has channels to share among groups; an instance needs positions too. */
function checkChannels(where: string, x: Tensor, { channels, least }: { channels: number; least: number }): void {
  if (x.rank < least || x.shape.at(-1) !== channels) {
    throw new ShapeError(`${where}: expected input [B, …, ${channels}], got ${formatShape(x.shape)}.`);
  }
}

function normalize(x: Tensor, { axes, epsilon }: { axes: readonly number[]; epsilon: number }): Tensor {
  const centred = x.sub(mean(x, axes, { keepDims: true }));
  return centred.mul(rsqrt(mean(square(centred), axes, { keepDims: true }).add(epsilon)));
}
