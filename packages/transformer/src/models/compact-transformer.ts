/** A vision transformer for small images and few of them: convolutions cut the patches, and attention gathers them. Hassani et al. 2021, "Escaping the big data paradigm with compact transformers", arXiv:2104.05704 (CCT). */

import {
  formatShape,
  matmul,
  maxPool2d,
  OptionError,
  type Rng,
  relu,
  ShapeError,
  sameShape,
  softmax,
  squeeze,
  type Tensor,
} from "@dl/core";
import { Conv2d, init, LayerNorm, type Linear, type Mode, Module, Parameter } from "@dl/nn";
import { dropIn } from "../drop-in.ts";
import type { ForwardOptions } from "../forward-pass.ts";
import { normalLinear } from "../normal-layers.ts";
import { PreNormBlock, type PreNormBlockOptions, runPreNormBlocks } from "../pre-norm-block.ts";

export interface CompactTransformerOptions {
  /** Height and width of the images, which are square: a multiple of 2 to the number of convolutions. */
  imageSize: number;
  /** Default 3. */
  channels?: number;
  classes: number;
  /** Channels between the convolutions of 3×3 that cut the patches, each followed by a pooling that halves the image; the last gives `size`. */
  stem: readonly number[];
  /** Length of a patch's vector. */
  size: number;
  layers: number;
  heads: number;
  /** Width of the feed-forward layers. */
  hidden: number;
  /** Rate after the embedding and on what each branch adds. Default 0. */
  dropout?: number;
  /** Default 0. */
  attentionDropout?: number;
  /** Deviation of first weights of the linear layers. Default 0.02. */
  deviation?: number;
  rng: Rng;
}

export type CompactTransformerPreset = Pick<CompactTransformerOptions, "stem" | "size" | "layers" | "heads" | "hidden">;

/** CCT-2/3×2: 0.28 million parameters for 32×32 images and 10 classes. */
export const cct2: CompactTransformerPreset = { stem: [64], size: 128, layers: 2, heads: 2, hidden: 128 };
/** CCT-4/3×2: 0.48 million parameters. */
export const cct4: CompactTransformerPreset = { ...cct2, layers: 4 };
/** CCT-6/3×2: 3.33 million parameters. */
export const cct6: CompactTransformerPreset = { stem: [64], size: 256, layers: 6, heads: 4, hidden: 512 };
/** CCT-7/3×1: 3.76 million parameters; its patches are of 2×2. */
export const cct7: CompactTransformerPreset = { ...cct6, stem: [], layers: 7 };

/**
 * Images `[B, S, S, channels]` → logits `[B, classes]`.
 *
 * Blocks are ViT's, norms first; the paper's have the second norm between the two branches, on the residual's own path.
 *
 * @throws OptionError for images that the poolings cannot halve, and heads that do not divide `size`.
 * @example
 * const model = new CompactTransformer({ ...cct2, imageSize: 32, classes: 10, rng });
 * const logits = model.forward(tensor(rng.normal([1, 32, 32, 3])), inference);
 */
export class CompactTransformer extends Module {
  readonly stem: readonly Conv2d[];
  /** `[patches, size]` */
  readonly places: Parameter;
  readonly blocks: readonly PreNormBlock[];
  readonly norm: LayerNorm;
  /** How much a patch says of the whole. */
  readonly importance: Linear;
  readonly output: Linear;
  readonly options: Required<Omit<CompactTransformerOptions, "rng">>;

  constructor({ rng, ...given }: CompactTransformerOptions) {
    super();
    const { imageSize, channels = 3, classes, stem, size, layers, heads, hidden } = given;
    const { dropout = 0, attentionDropout = 0, deviation = 0.02 } = given;
    const widths = [channels, ...stem, size];
    const side = imageSize / 2 ** (widths.length - 1);
    if (!Number.isInteger(side) || side < 1) {
      throw new OptionError(
        `CompactTransformer: expected an imageSize that can be halved ${widths.length - 1} times, once after each convolution, got ${imageSize}.`,
      );
    }
    this.stem = widths.slice(1).map((outputs, i) => {
      const weightInit = init.heNormal;
      return new Conv2d({ inputs: widths[i]!, outputs, kernelSize: 3, padding: 1, bias: false, weightInit, rng: rng.fork(`stem ${i}`) });
    });
    this.places = new Parameter(init.normal([side ** 2, size], { rng: rng.fork("places"), standardDeviation: 0.02 }));
    const block: PreNormBlockOptions = {
      ...{ size, heads, hidden, deviation, dropout, attentionDropout },
      ...{ activation: "gelu", epsilon: 1e-5, attentionBias: false },
    };
    this.blocks = Array.from({ length: layers }, (_, i) => new PreNormBlock(block, rng.fork(`block ${i}`)));
    this.norm = new LayerNorm({ size });
    this.importance = normalLinear({ inputs: size, outputs: 1, deviation, rng: rng.fork("importance") });
    this.output = normalLinear({ inputs: size, outputs: classes, deviation, rng: rng.fork("output") });
    this.options = { imageSize, channels, classes, stem, size, layers, heads, hidden, dropout, attentionDropout, deviation };
  }

  /** `[B, patches, size]`, normalised. */
  hidden(images: Tensor, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const { imageSize, channels, dropout: rate } = this.options;
    if (images.rank !== 4 || !sameShape(images.shape.slice(1), [imageSize, imageSize, channels])) {
      throw new ShapeError(
        `CompactTransformer: expected images [B, ${imageSize}, ${imageSize}, ${channels}], got ${formatShape(images.shape)}.`,
      );
    }
    let grid = images;
    // The paper's ReLU stands before the pooling: the same values from four times as many.
    for (const layer of this.stem) grid = relu(maxPool2d(layer.forward(grid), { kernelSize: 3, stride: 2, padding: 1 }));
    const [batch, rows, columns, size] = grid.shape as readonly [number, number, number, number];
    const x = dropIn(grid.reshape([batch, rows * columns, size]).add(this.places.value), { mode, rate });
    return this.norm.forward(runPreNormBlocks(this.blocks, x, { mode }, options));
  }

  forward(images: Tensor, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const hidden = this.hidden(images, mode, options); // [B, P, C]
    // Sequence pooling, section 3.2: a weighted mean of the patches, in the place of a vector for the whole.
    const weights = softmax(squeeze(this.importance.forward(hidden), -1)); // [B, P]
    return this.output.forward(squeeze(matmul(weights.reshape([hidden.shape[0]!, 1, -1]), hidden), 1));
  }
}
