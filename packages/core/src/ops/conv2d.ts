/** Convolution (cross-correlation, as everywhere in deep learning) over images, its transpose, and its kin. */

import type { ConvGeometry } from "../backend.ts";
import { OptionError, ShapeError } from "../errors.ts";
import { differentiable, differentiableJointly } from "../recording.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireFloat } from "./apply.ts";
import { add } from "./arithmetic.ts";
import { reluGradient } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { axisPadding, type Pair, pairOf, type WindowOptions, type WindowPadding, windowGeometry } from "./windows.ts";

export interface Conv2dOptions extends WindowOptions {
  /** Input and output channels are split into as many groups, each with its own weights. Default 1. */
  readonly groups?: number;
  /** `[out]`. */
  readonly bias?: Tensor | undefined;
  /** Applied last. Default none. */
  readonly activation?: "relu" | undefined;
}

/**
 * @param x       `[B, H, W, in]`
 * @param weight  `[kh, kw, in / groups, out]`
 * @returns `[B, H', W', out]`
 */
export function conv2d(x: Tensor, weight: Tensor, { groups = 1, bias, activation, ...windows }: Conv2dOptions = {}): Tensor {
  requireFloat("conv2d", x, weight);
  if (bias) requireFloat("conv2d", bias);
  const geometry = convGeometry(x, weight, { groups, ...windows });
  const { batch, outHeight, outWidth, outChannels } = geometry;
  if (bias && (bias.rank !== 1 || bias.shape[0] !== outChannels)) {
    throw new ShapeError(`conv2d: expected a bias of shape [${outChannels}], got ${formatShape(bias.shape)}.`);
  }
  const shape = [batch, outHeight, outWidth, outChannels];
  const y = apply("conv2d", { shape, dtype: x.dtype }, (kernels) => kernels.conv2d(x, weight, geometry, { bias, activation }));
  return differentiableJointly(y, bias ? [x, weight, bias] : [x, weight], (g, needed) => {
    const through = activation === "relu" ? reluGradient(g, y) : g;
    return [
      needed[0] ? inputGradient(through, weight, geometry) : null,
      needed[1] ? filterGradient(x, through, geometry) : null,
      needed[2] ? sum(reshape(through, [-1, outChannels]), 0) : null,
    ];
  });
}

function convGeometry(x: Tensor, weight: Tensor, { groups, ...windows }: WindowOptions & { groups: number }): ConvGeometry {
  const [kernelHeight, kernelWidth, perGroup, outChannels] = weight.shape as readonly [number, number, number, number];
  const channels = x.shape[3]!;
  if (weight.rank !== 4)
    throw new ShapeError(`conv2d: expected a weight of shape [kh, kw, in / groups, out], got ${formatShape(weight.shape)}.`);
  if (x.rank === 4 && channels !== perGroup * groups) {
    const split = groups === 1 ? "" : `, ${groups} groups`;
    throw new ShapeError(
      `conv2d: expected input channels ${perGroup * groups} (weight ${formatShape(weight.shape)}, layout [kh, kw, in, out]${split}), got ${channels} (input ${formatShape(x.shape)}).`,
    );
  }
  if (!Number.isInteger(groups) || groups < 1 || outChannels % groups !== 0) {
    throw new OptionError(`conv2d: expected a number of groups that divides ${channels} and ${outChannels} channels, got ${groups}.`);
  }
  return {
    ...windowGeometry("conv2d", x.shape, { ...windows, kernel: [kernelHeight, kernelWidth] }),
    inChannels: channels,
    outChannels,
    groups,
  };
}

/** Convolution, and its gradients by the input and by the filter, are linear in two of x, w and dy: each is differentiated by the other two. */
function forward(x: Tensor, weight: Tensor, geometry: ConvGeometry): Tensor {
  const shape = [geometry.batch, geometry.outHeight, geometry.outWidth, geometry.outChannels];
  const y = apply("conv2d", { shape, dtype: x.dtype }, (kernels) => kernels.conv2d(x, weight, geometry, {}));
  return differentiable(y, [x, weight], [(g) => inputGradient(g, weight, geometry), (g) => filterGradient(x, g, geometry)]);
}

function inputGradient(dy: Tensor, weight: Tensor, geometry: ConvGeometry): Tensor {
  const shape = [geometry.batch, geometry.height, geometry.width, geometry.inChannels];
  const dx = apply("conv2dInputGradient", { shape, dtype: dy.dtype }, (kernels) => kernels.conv2dInputGradient(dy, weight, geometry));
  return differentiable(dx, [dy, weight], [(g) => forward(g, weight, geometry), (g) => filterGradient(g, dy, geometry)]);
}

function filterGradient(x: Tensor, dy: Tensor, geometry: ConvGeometry): Tensor {
  const shape = [geometry.kernelHeight, geometry.kernelWidth, geometry.inChannels / geometry.groups, geometry.outChannels];
  const dw = apply("conv2dFilterGradient", { shape, dtype: x.dtype }, (kernels) => kernels.conv2dFilterGradient(x, dy, geometry));
  return differentiable(dw, [x, dy], [(g) => inputGradient(dy, g, geometry), (g) => forward(x, g, geometry)]);
}

export interface ConvTranspose2dOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Of the convolution this transposes: it crops the result. Default `valid`. */
  readonly padding?: WindowPadding;
  readonly dilation?: Pair;
  readonly groups?: number;
  /** Added to one side of the result's height and width; not with padding `same`. Default 0. */
  readonly outputPadding?: Pair;
  /** `[out]`. */
  readonly bias?: Tensor | undefined;
}

/**
 * Transposed convolution: what `conv2d` does to gradients, forward. With padding `same`, the result is `stride` times as large.
 *
 * @param x       `[B, H, W, in]`
 * @param weight  `[kh, kw, out / groups, in]`: the weight of the convolution that maps the result back to x
 * @returns `[B, H', W', out]`
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const { padding = "valid", groups = 1, bias } = options;
  requireFloat("convTranspose2d", x, weight);
  if (x.rank !== 4 || weight.rank !== 4 || x.shape[3] !== weight.shape[3]) {
    throw new ShapeError(
      `convTranspose2d: expected images [B, H, W, ${weight.shape[3]}] (weight ${formatShape(weight.shape)}, layout [kh, kw, out / groups, in]), got ${formatShape(x.shape)}.`,
    );
  }
  if (!Number.isInteger(groups) || groups < 1 || x.shape[3]! % groups !== 0) {
    throw new OptionError(`convTranspose2d: expected a number of groups that divides ${x.shape[3]} channels, got ${groups}.`);
  }
  const [kernelHeight, kernelWidth, perGroup, inChannels] = weight.shape as readonly [number, number, number, number];
  if (bias && (bias.rank !== 1 || bias.shape[0] !== perGroup * groups)) {
    throw new ShapeError(`convTranspose2d: expected a bias of shape [${perGroup * groups}], got ${formatShape(bias.shape)}.`);
  }
  const stride = pairOf("convTranspose2d", options.stride ?? 1, { name: "stride" });
  const dilation = pairOf("convTranspose2d", options.dilation ?? 1, { name: "dilation" });
  const extra = pairOf("convTranspose2d", options.outputPadding ?? 0, { name: "outputPadding", least: 0 });
  const [tall, wide] = ([0, 1] as const).map((index) => {
    const inputs = x.shape[index + 1]!;
    const extent = ([kernelHeight, kernelWidth][index]! - 1) * dilation[index] + 1;
    if (padding === "same") {
      if (extra[index] !== 0) {
        throw new OptionError(
          `convTranspose2d: expected no outputPadding with padding "same", whose result is stride times as large, got ${JSON.stringify(options.outputPadding)}. Give the padding in numbers.`,
        );
      }
      const length = inputs * stride[index];
      return { length, before: axisPadding("convTranspose2d", "same", { index, length, extent, stride: stride[index] })[0] };
    }
    const [before, after] = axisPadding("convTranspose2d", padding, { index, length: 0, extent, stride: stride[index] });
    return { length: (inputs - 1) * stride[index] + extent - before - after + extra[index], before };
  }) as [{ length: number; before: number }, { length: number; before: number }];
  if (tall.length < 1 || wide.length < 1) {
    throw new OptionError(`convTranspose2d: expected padding smaller than the result, got a result of ${tall.length} × ${wide.length}.`);
  }
  // Input and output change places: this is the geometry of the convolution that is transposed.
  const geometry: ConvGeometry = {
    batch: x.shape[0]!,
    height: tall.length,
    width: wide.length,
    kernelHeight,
    kernelWidth,
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    padTop: tall.before,
    padLeft: wide.before,
    outHeight: x.shape[1]!,
    outWidth: x.shape[2]!,
    inChannels: perGroup * groups,
    outChannels: inChannels,
    groups,
  };
  const y = inputGradient(x, weight, geometry);
  return bias ? add(y, bias) : y;
}
