/** NASNet-A: cells found by search, stacked by hand. Zoph et al. 2017, "Learning transferable architectures for scalable image recognition", arXiv:1707.07012, figures 2 and 4. */

import { averagePool2d, concat, globalAveragePool2d, maxPool2d, OptionError, pad, type Rng, relu, slice, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, DepthwiseConv2d, init, Linear, type Mode, Module } from "@dl/nn";
import { type TorchPlace, torchField } from "./torch-state.ts";

export interface NasNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** What comes before the cells: `cifar` a 3×3 convolution; `imagenet` one with stride 2 and two reduction cells. */
  stem: "cifar" | "imagenet";
  /** Channels of the stem's convolution. */
  stemWidth: number;
  /** Normal cells in each of the three stages; N in the paper. */
  depth: number;
  /** Channels of each path in the first stage's cells; a reduction cell doubles them. A multiple of 4 with the ImageNet stem, of 2 else. */
  width: number;
  rng: Rng;
}

/** A network of the paper, for the classes and images of one's own. */
export type NasNetPreset = Pick<NasNetOptions, "stem" | "stemWidth" | "depth" | "width">;

/** NASNet-A (6 @ 768) for 32×32 images; 3.3 million parameters. Table 1. */
export const nasnetCifar: NasNetPreset = { stem: "cifar", stemWidth: 96, depth: 6, width: 32 };
/** NASNet-A (4 @ 1056) for 224×224 images. Table 3. */
export const nasnetMobile: NasNetPreset = { stem: "imagenet", stemWidth: 32, depth: 4, width: 44 };
/** NASNet-A (6 @ 4032) for 331×331 images; 88,753,150 parameters with 1000 classes. Table 2. */
export const nasnetLarge: NasNetPreset = { stem: "imagenet", stemWidth: 96, depth: 6, width: 168 };

const convolution = { bias: false, weightInit: init.heNormal } as const;
const normOf = (channels: number): BatchNorm => new BatchNorm({ channels, epsilon: 1e-3 });

interface SeparableOptions {
  inputs: number;
  outputs: number;
  kernelSize: number;
  stride?: number;
  /** Channels between the two halves. Default those that come in. */
  middle?: number;
  rng: Rng;
}

/** A depthwise separable convolution, twice: "always applied twice". Section 3.2. `[B, H, W, inputs]` → `[B, H / stride, W / stride, outputs]`. */
class Separable extends Module {
  readonly depthwise1: DepthwiseConv2d;
  readonly pointwise1: Conv2d;
  readonly norm1: BatchNorm;
  readonly depthwise2: DepthwiseConv2d;
  readonly pointwise2: Conv2d;
  readonly norm2: BatchNorm;

  constructor({ inputs, outputs, kernelSize, stride = 1, middle = inputs, rng }: SeparableOptions) {
    super();
    const windows = { kernelSize, padding: "same", ...convolution } as const;
    this.depthwise1 = new DepthwiseConv2d({ channels: inputs, stride, ...windows, rng: rng.fork("depthwise1") });
    this.pointwise1 = new Conv2d({ inputs, outputs: middle, kernelSize: 1, ...convolution, rng: rng.fork("pointwise1") });
    this.norm1 = normOf(middle);
    this.depthwise2 = new DepthwiseConv2d({ channels: middle, ...windows, rng: rng.fork("depthwise2") });
    this.pointwise2 = new Conv2d({ inputs: middle, outputs, kernelSize: 1, ...convolution, rng: rng.fork("pointwise2") });
    this.norm2 = normOf(outputs);
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const y = this.norm1.forward(this.pointwise1.forward(this.depthwise1.forward(relu(x))), mode);
    return this.norm2.forward(this.pointwise2.forward(this.depthwise2.forward(relu(y))), mode);
  }
}

interface AdjustOptions {
  inputs: number;
  outputs: number;
  rng: Rng;
}

/** To the cell's channels: `[B, H, W, inputs]` → `[B, H, W, outputs]`. */
class Squeeze extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm;

  constructor({ inputs, outputs, rng }: AdjustOptions) {
    super();
    this.conv = new Conv2d({ inputs, outputs, kernelSize: 1, ...convolution, rng });
    this.norm = normOf(outputs);
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return this.norm.forward(this.conv.forward(relu(x)), mode);
  }
}

/** To the cell's channels and half the size, without losing every other pixel: `[B, H, W, inputs]` → `[B, H / 2, W / 2, outputs]`. Appendix A.4. */
class FactorizedReduction extends Module {
  readonly path1: Conv2d;
  readonly path2: Conv2d;
  readonly finalNorm: BatchNorm;

  constructor({ inputs, outputs, rng }: AdjustOptions) {
    super();
    const half = { inputs, outputs: outputs / 2, kernelSize: 1, ...convolution };
    this.path1 = new Conv2d({ ...half, rng: rng.fork("path1") });
    this.path2 = new Conv2d({ ...half, rng: rng.fork("path2") });
    this.finalNorm = normOf(outputs);
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const active = relu(x);
    const steps = [1, 2, 2, 1];
    // One pixel further down and right: zeros come in at the border.
    const border = [
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ] as const;
    const moved = pad(slice(active, [0, 1, 1, 0]), border); // [B, H, W, inputs]
    const paths = [this.path1.forward(slice(active, [], { steps })), this.path2.forward(slice(moved, [], { steps }))];
    return this.finalNorm.forward(concat(paths, { axis: 3 }), mode);
  }
}

interface CellOptions {
  /** Channels of the cell before the last, and of the last. */
  previous: number;
  current: number;
  /** Channels of each path. */
  width: number;
  /** How the cell before the last is brought to the size and channels of this one. */
  adjust: "squeeze" | "reduce" | "none";
  rng: Rng;
}

function adjustment({ previous, width, adjust, rng }: CellOptions): Squeeze | FactorizedReduction | undefined {
  if (adjust === "none") return undefined;
  return new (adjust === "squeeze" ? Squeeze : FactorizedReduction)({ inputs: previous, outputs: width, rng: rng.fork("previous") });
}

/** Figure 4, left: `[B, H, W, current]` → `[B, H, W, 6 · width]`. Paths are numbered from 0, `left` is the one the figure has first. */
class NormalCell extends Module {
  readonly previous: Squeeze | FactorizedReduction | undefined;
  readonly current: Squeeze;
  readonly left0: Separable;
  readonly right0: Separable;
  readonly left1: Separable;
  readonly right1: Separable;
  readonly left4: Separable;

  constructor(options: CellOptions) {
    super();
    const { current, width, rng } = options;
    const separable = (kernelSize: number, name: string): Separable =>
      new Separable({ inputs: width, outputs: width, kernelSize, rng: rng.fork(name) });
    this.previous = adjustment(options);
    this.current = new Squeeze({ inputs: current, outputs: width, rng: rng.fork("current") });
    this.left0 = separable(5, "left0");
    this.right0 = separable(3, "right0");
    this.left1 = separable(5, "left1");
    this.right1 = separable(3, "right1");
    this.left4 = separable(3, "left4");
  }

  forward({ current, previous }: { current: Tensor; previous: Tensor }, mode: Mode): Tensor {
    const p = this.previous?.forward(previous, mode) ?? previous; // [B, H, W, width]
    const c = this.current.forward(current, mode); // [B, H, W, width]
    const window = { kernelSize: 3, stride: 1, padding: "same" } as const;
    const average = averagePool2d(p, window);
    const paths = [
      this.left0.forward(c, mode).add(this.right0.forward(p, mode)),
      this.left1.forward(p, mode).add(this.right1.forward(p, mode)),
      averagePool2d(c, window).add(p),
      average.add(average),
      this.left4.forward(c, mode).add(c),
    ];
    return concat([p, ...paths], { axis: 3 });
  }
}

/** Figure 4, right: `[B, H, W, current]` → `[B, H / 2, W / 2, 4 · width]`. */
class ReductionCell extends Module {
  readonly previous: Squeeze | FactorizedReduction | undefined;
  readonly current: Squeeze;
  readonly left0: Separable;
  readonly right0: Separable;
  readonly right1: Separable;
  readonly right2: Separable;
  readonly left4: Separable;

  constructor(options: CellOptions) {
    super();
    const { previous, current, width, adjust, rng } = options;
    this.previous = adjustment(options);
    this.current = new Squeeze({ inputs: current, outputs: width, rng: rng.fork("current") });
    // Without an adjustment the branches themselves change the channels, in their first half.
    const inputs = adjust === "none" ? previous : width;
    const fromPrevious = (kernelSize: number, name: string): Separable =>
      new Separable({ inputs, middle: width, outputs: width, kernelSize, stride: 2, rng: rng.fork(name) });
    this.left0 = new Separable({ inputs: width, outputs: width, kernelSize: 5, stride: 2, rng: rng.fork("left0") });
    this.right0 = fromPrevious(7, "right0");
    this.right1 = fromPrevious(7, "right1");
    this.right2 = fromPrevious(5, "right2");
    this.left4 = new Separable({ inputs: width, outputs: width, kernelSize: 3, rng: rng.fork("left4") });
  }

  forward({ current, previous }: { current: Tensor; previous: Tensor }, mode: Mode): Tensor {
    const p = this.previous?.forward(previous, mode) ?? previous;
    const c = this.current.forward(current, mode); // [B, H, W, width]
    const window = { kernelSize: 3, stride: 2, padding: "same" } as const;
    const largest = maxPool2d(c, window); // [B, H / 2, W / 2, width]
    const zero = this.left0.forward(c, mode).add(this.right0.forward(p, mode));
    const one = largest.add(this.right1.forward(p, mode));
    // With stride 2, the zeros around the image count, as in timm, whose weights these are.
    const two = averagePool2d(c, { ...window, countPadding: true }).add(this.right2.forward(p, mode));
    const three = averagePool2d(zero, { kernelSize: 3, stride: 1, padding: "same" }).add(one);
    const four = this.left4.forward(zero, mode).add(largest);
    return concat([one, two, three, four], { axis: 3 });
  }
}

/**
 * Images `[B, H, W, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError for widths that are no whole numbers, or cannot be halved.
 * @example
 * const model = new NasNet({ ...nasnetCifar, depth: 2, classes: 10, rng: rng.fork("init") });
 */
export class NasNet extends Module {
  readonly stemConv: Conv2d;
  readonly stemNorm: BatchNorm;
  /** Two with the ImageNet stem. */
  readonly stemCells: readonly ReductionCell[];
  readonly stages: readonly (readonly NormalCell[])[];
  /** Between the stages. */
  readonly reductions: readonly ReductionCell[];
  readonly head: Linear;

  constructor({ channels = 3, classes, stem, stemWidth, depth, width, rng }: NasNetOptions) {
    super();
    const large = stem === "imagenet";
    const counts = [channels, classes, stemWidth, depth, width / (large ? 4 : 2)];
    if (counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `NasNet: expected whole numbers ≥ 1 and a width that ${large ? 4 : 2} divides, got channels ${channels}, classes ${classes}, stemWidth ${stemWidth}, depth ${depth} and width ${width}.`,
      );
    }
    const windows = large ? ({ stride: 2 } as const) : ({ padding: 1 } as const);
    this.stemConv = new Conv2d({ inputs: channels, outputs: stemWidth, kernelSize: 3, ...windows, ...convolution, rng: rng.fork("stem") });
    this.stemNorm = normOf(stemWidth);
    let [previous, current] = [stemWidth, stemWidth];
    if (large) {
      this.stemCells = [
        new ReductionCell({ previous, current, width: width / 4, adjust: "none", rng: rng.fork("stem1") }),
        new ReductionCell({ previous, current: width, width: width / 2, adjust: "reduce", rng: rng.fork("stem2") }),
      ];
      [previous, current] = [width, 2 * width];
    } else {
      this.stemCells = [];
    }
    const stages: NormalCell[][] = [];
    const reductions: ReductionCell[] = [];
    for (let stage = 0; stage < 3; stage++) {
      const own = width * 2 ** stage;
      if (stage > 0) {
        reductions.push(new ReductionCell({ previous, current, width: own, adjust: "squeeze", rng: rng.fork(`reduction${stage}`) }));
        if (!large) previous = current;
        current = 4 * own;
      }
      const cells: NormalCell[] = [];
      for (let i = 0; i < depth; i++) {
        // The cell before a reduction has twice the size.
        const adjust = i === 0 && (large || stage > 0) ? "reduce" : "squeeze";
        cells.push(new NormalCell({ previous, current, width: own, adjust, rng: rng.fork(`stage${stage + 1}.${i}`) }));
        [previous, current] = [current, 6 * own];
      }
      stages.push(cells);
    }
    this.stages = stages;
    this.reductions = reductions;
    this.head = new Linear({ inputs: current, outputs: classes, rng: rng.fork("head") });
  }

  /** What the head sees: `[B, 24 · width]`. */
  features(images: Tensor, mode: Mode): Tensor {
    const stem = this.stemNorm.forward(this.stemConv.forward(images), mode);
    let [previous, current] = [stem, stem];
    for (const cell of this.stemCells) {
      // The second stem cell looks back at the convolution, the first cell of all at the first stem cell.
      [previous, current] = [current, cell.forward({ current, previous: stem }, mode)];
    }
    for (const [i, cells] of this.stages.entries()) {
      if (i > 0) {
        const reduced = this.reductions[i - 1]!.forward({ current, previous }, mode);
        // For ImageNet, the cell after a reduction looks past the cell before it, as the authors' code does.
        if (this.stemCells.length === 0) previous = current;
        current = reduced;
      }
      for (const cell of cells) [previous, current] = [current, cell.forward({ current, previous }, mode)];
    }
    return globalAveragePool2d(relu(current));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, classes]
  }

  /** timm's names: `cell_3.comb_iter_0_left.separable_1.depthwise_conv2d.weight`, `last_linear.bias`. */
  torchPlace(path: string): TorchPlace {
    const field = torchField(path.slice(path.lastIndexOf(".") + 1));
    const [kind, first, ...rest] = path.split(".");
    if (kind === "head") return { name: `last_linear.${field}` };
    if (kind === "stemConv") return { name: `conv0.conv.${field}` };
    if (kind === "stemNorm") return { name: `conv0.bn.${field}` };
    if (kind === "stemCells") return { name: `cell_stem_${first}.${insideCell(rest)}.${field}` };
    if (kind === "reductions") return { name: `reduction_cell_${first}.${insideCell(rest)}.${field}` };
    const [index, ...inside] = rest;
    return { name: `cell_${Number(first) * this.stages[0]!.length + Number(index)}.${insideCell(inside)}.${field}` };
  }
}

/** `left0.depthwise1.convolution.weight`, taken apart, to `comb_iter_0_left.separable_1.depthwise_conv2d`. */
function insideCell([part, layer]: readonly string[]): string {
  if (part === "current") return `conv_1x1.${layer === "conv" ? "conv" : "bn"}`;
  if (part === "previous") {
    const names: Record<string, string> = {
      path1: "path_1.conv",
      path2: "path_2.conv",
      finalNorm: "final_path_bn",
      conv: "conv_prev_1x1.conv",
    };
    return names[layer!] ?? "conv_prev_1x1.bn";
  }
  const [, side, number] = /^(left|right)(\d)$/.exec(part!)!;
  const half = layer!.at(-1);
  const name = layer!.startsWith("norm") ? `bn_sep_${half}` : `separable_${half}.${layer!.slice(0, -1)}_conv2d`;
  return `comb_iter_${number}_${side}.${name}`;
}
