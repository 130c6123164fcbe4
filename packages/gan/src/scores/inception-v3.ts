/**
 * Inception-v3, to look through: Szegedy et al. 2015, arXiv:1512.00567, figures 5 to 7 and table 1. Two trained forms exist, which differ in their
 * pools: TensorFlow's graph of 2015-12-05, which FID is defined by (github.com/mseitzer/pytorch-fid), and torchvision's `inception_v3`.
 */

import {
  averagePool2d,
  concat,
  conv2d,
  globalAveragePool2d,
  maxPool2d,
  OptionError,
  type Pair,
  Rng,
  rsqrt,
  ShapeError,
  scope,
  type Tensor,
} from "@dl/core";
import { BatchNorm, Conv2d, init, Linear, Module } from "@dl/nn";
import type { Perception } from "./feature-network.ts";

/** `fid`: average pools leave padding out, and the last block takes the largest of each window. `torchvision`: padding counts as zeros, and all blocks average. */
export type InceptionVariant = "fid" | "torchvision";

export interface InceptionV3Options {
  variant: InceptionVariant;
  classes: number;
  /** Share of the channels of every convolution, rounded, at least one. Default 1: other networks than that have no trained weights. */
  width?: number;
}

/** 2,048 features, 1,008 classes: ImageNet's thousand, one for the background, and seven without a meaning. */
export const inceptionFid: InceptionV3Options = { variant: "fid", classes: 1008 };
/** 2,048 features, ImageNet's thousand classes. */
export const inceptionImagenet: InceptionV3Options = { variant: "torchvision", classes: 1000 };

/** A convolution: with stride 1 it keeps the size unless it is `valid`, with stride 2 it is `valid`. */
interface Step {
  readonly outputs: number;
  readonly kernelSize: Pair;
  readonly stride?: 2;
  readonly padding?: "valid";
}

/** One after the other; `ends` are two beside each other, over what the steps have made. */
interface BranchPlan {
  readonly steps: readonly Step[];
  readonly ends?: readonly Step[];
}

/** Branches over the same input, by PyTorch's names for them, and a pool of 3×3 beside them: `halve` takes maxima with stride 2, the others have a 1×1 convolution after them. */
type MixedPlan = { readonly branches: Readonly<Record<string, BranchPlan>> } & (
  | { readonly pool: "halve" }
  | { readonly pool: "average" | "max"; readonly projected: number }
);

const step = (outputs: number, kernelSize: Pair, options: Pick<Step, "stride" | "padding"> = {}): Step => ({
  outputs,
  kernelSize,
  ...options,
});
const halving = { stride: 2 } as const;

const stemBeforePool = {
  Conv2d_1a_3x3: step(32, 3, halving),
  Conv2d_2a_3x3: step(32, 3, { padding: "valid" }),
  Conv2d_2b_3x3: step(64, 3),
} as const;
const stemAfterPool = { Conv2d_3b_1x1: step(80, 1), Conv2d_4a_3x3: step(192, 3, { padding: "valid" }) } as const;

/** Figure 5: 35×35. */
const blockA = (projected: number): MixedPlan => ({
  branches: {
    branch1x1: { steps: [step(64, 1)] },
    branch5x5: { steps: [step(48, 1), step(64, 5)] },
    branch3x3dbl: { steps: [step(64, 1), step(96, 3), step(96, 3)] },
  },
  pool: "average",
  projected,
});

/** Figure 10: 35×35 to 17×17. */
const blockB: MixedPlan = {
  branches: {
    branch3x3: { steps: [step(384, 3, halving)] },
    branch3x3dbl: { steps: [step(64, 1), step(96, 3), step(96, 3, halving)] },
  },
  pool: "halve",
};

/** Figure 6: 17×17, by kernels of 1×7 and 7×1. */
const blockC = (inner: number): MixedPlan => ({
  branches: {
    branch1x1: { steps: [step(192, 1)] },
    branch7x7: { steps: [step(inner, 1), step(inner, [1, 7]), step(192, [7, 1])] },
    branch7x7dbl: { steps: [step(inner, 1), step(inner, [7, 1]), step(inner, [1, 7]), step(inner, [7, 1]), step(192, [1, 7])] },
  },
  pool: "average",
  projected: 192,
});

/** 17×17 to 8×8. */
const blockD: MixedPlan = {
  branches: {
    branch3x3: { steps: [step(192, 1), step(320, 3, halving)] },
    branch7x7x3: { steps: [step(192, 1), step(192, [1, 7]), step(192, [7, 1]), step(192, 3, halving)] },
  },
  pool: "halve",
};

/** Figure 7: 8×8, by kernels beside each other. */
const blockE = (pool: "average" | "max"): MixedPlan => {
  const ends = [step(384, [1, 3]), step(384, [3, 1])];
  return {
    branches: {
      branch1x1: { steps: [step(320, 1)] },
      branch3x3: { steps: [step(384, 1)], ends },
      branch3x3dbl: { steps: [step(448, 1), step(384, 3)], ends },
    },
    pool,
    projected: 192,
  };
};

const mixedPlans = (variant: InceptionVariant): Readonly<Record<string, MixedPlan>> => ({
  Mixed_5b: blockA(32),
  Mixed_5c: blockA(64),
  Mixed_5d: blockA(64),
  Mixed_6a: blockB,
  Mixed_6b: blockC(128),
  Mixed_6c: blockC(160),
  Mixed_6d: blockC(160),
  Mixed_6e: blockC(192),
  Mixed_7a: blockD,
  Mixed_7b: blockE("average"),
  // Not in the paper, but in the graph that FID is defined by.
  Mixed_7c: blockE(variant === "fid" ? "max" : "average"),
});

/** What the parts of a network share. */
interface Setting {
  readonly variant: InceptionVariant;
  readonly width: number;
}

/** Drawing 24 million weights would take longer than reading those of a file, which it is here for. */
const empty = { weightInit: init.zeros, biasInit: init.zeros, rng: new Rng(0) } as const;

/** A convolution, its batch norm, and ReLU: `[B, H, W, inputs]` → `[B, H', W', outputs]`. */
class ConvNormRelu extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm;
  /** PyTorch's, within the network. */
  readonly torchName: string;
  readonly outputs: number;

  constructor(torchName: string, { inputs, plan, width }: Setting & { inputs: number; plan: Step }) {
    super();
    const { kernelSize, stride = 1, padding = stride === 2 ? "valid" : "same" } = plan;
    this.torchName = torchName;
    this.outputs = Math.max(1, Math.round(plan.outputs * width));
    // Bias off: batch norm subtracts it again.
    this.conv = new Conv2d({ inputs, outputs: this.outputs, kernelSize, stride, padding, bias: false, ...empty });
    this.norm = new BatchNorm({ channels: this.outputs, epsilon: 1e-3 });
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, runningMean, runningVariance, epsilon } = this.norm;
    const scale = weight.value.mul(rsqrt(runningVariance.value.add(epsilon))); // [outputs]
    // Scaling the kernel instead of what it makes leaves one operation over the image, where there were four.
    return conv2d(x, this.conv.weight.value.mul(scale), {
      ...this.conv.options,
      bias: bias.value.sub(runningMean.value.mul(scale)),
      activation: "relu",
    });
  }
}

class Branch extends Module {
  readonly steps: readonly ConvNormRelu[];
  readonly ends: readonly ConvNormRelu[];
  readonly outputs: number;

  constructor(torchName: string, { inputs, plan: { steps, ends = [] }, ...setting }: Setting & { inputs: number; plan: BranchPlan }) {
    super();
    let channels = inputs;
    const isAlone = steps.length + ends.length === 1;
    this.steps = steps.map((plan, i) => {
      const made = new ConvNormRelu(isAlone ? torchName : `${torchName}_${i + 1}`, { ...setting, inputs: channels, plan });
      channels = made.outputs;
      return made;
    });
    const last = `${torchName}_${steps.length + 1}`;
    this.ends = ends.map((plan, i) => new ConvNormRelu(`${last}${"ab"[i]}`, { ...setting, inputs: channels, plan }));
    this.outputs = ends.length === 0 ? channels : this.ends.reduce((sum, { outputs }) => sum + outputs, 0);
  }

  forward(images: Tensor): Tensor {
    const x = this.steps.reduce((y, each) => each.forward(y), images);
    return this.ends.length === 0
      ? x
      : concat(
          this.ends.map((end) => end.forward(x)),
          { axis: 3 },
        );
  }
}

/** `[B, H, W, inputs]` → `[B, H, W, outputs]`, or half of H and W. */
class Mixed extends Module {
  readonly branches: readonly Branch[];
  readonly project: ConvNormRelu | undefined;
  readonly pool: MixedPlan["pool"];
  readonly countPadding: boolean;
  readonly outputs: number;

  constructor(torchName: string, { inputs, plan, ...setting }: Setting & { inputs: number; plan: MixedPlan }) {
    super();
    this.branches = Object.entries(plan.branches).map(
      ([name, branch]) => new Branch(`${torchName}.${name}`, { ...setting, inputs, plan: branch }),
    );
    this.pool = plan.pool;
    this.project =
      plan.pool === "halve"
        ? undefined
        : new ConvNormRelu(`${torchName}.branch_pool`, { ...setting, inputs, plan: step(plan.projected, 1) });
    this.countPadding = setting.variant === "torchvision";
    this.outputs = [...this.branches, this.project ?? { outputs: inputs }].reduce((sum, { outputs }) => sum + outputs, 0);
  }

  forward(x: Tensor): Tensor {
    const pooled = this.#pooled(x);
    return concat([...this.branches.map((branch) => branch.forward(x)), this.project?.forward(pooled) ?? pooled], { axis: 3 });
  }

  #pooled(x: Tensor): Tensor {
    if (this.pool === "halve") return maxPool2d(x, { kernelSize: 3, stride: 2 });
    const around = { kernelSize: 3, stride: 1, padding: 1 } as const;
    return this.pool === "max" ? maxPool2d(x, around) : averagePool2d(x, { ...around, countPadding: this.countPadding });
  }
}

/**
 * Images `[B, H, W, 3]` in [−1, 1], of 299×299 as it was trained on, or of at least 75×75.
 *
 * It looks and does not learn: its weights are zeros until `inceptionExtractor` or `inceptionFrom` loads some, batch norm goes by the running
 * statistics, and there is no auxiliary head.
 *
 * @throws OptionError for a width that is no share.
 * @example
 * using network = new InceptionV3({ ...inceptionFid, width: 1 / 16 });
 * network.head.weight.shape; // [128, 1008]
 */
export class InceptionV3 extends Module {
  readonly stem: readonly ConvNormRelu[];
  readonly mixed: readonly Mixed[];
  readonly head: Linear;
  readonly variant: InceptionVariant;
  readonly width: number;
  readonly channels = 3;

  constructor({ variant, classes, width = 1 }: InceptionV3Options) {
    super();
    if (!(width > 0 && width <= 1))
      throw new OptionError(`InceptionV3: expected a share of the channels in (0, 1] for width, got ${width}.`);
    const setting = { variant, width };
    let inputs: number = this.channels;
    this.stem = Object.entries({ ...stemBeforePool, ...stemAfterPool }).map(([name, plan]) => {
      const made = new ConvNormRelu(name, { ...setting, inputs, plan });
      inputs = made.outputs;
      return made;
    });
    this.mixed = Object.entries(mixedPlans(variant)).map(([name, plan]) => {
      const made = new Mixed(name, { ...setting, inputs, plan });
      inputs = made.outputs;
      return made;
    });
    this.head = new Linear({ inputs, outputs: classes, ...empty });
    this.variant = variant;
    this.width = width;
  }

  /** Logits `[B, classes]`. */
  forward(images: Tensor): Tensor {
    return this.perceive(images).logits;
  }

  /** Features `[B, 2048]`: the mean of the last block over the image. */
  perceive(images: Tensor): Perception {
    if (images.rank !== 4 || images.shape[3] !== this.channels || Math.min(images.shape[1]!, images.shape[2]!) < 75) {
      throw new ShapeError(
        `InceptionV3: expected images [B, H, W, 3] of at least 75×75, got [${images.shape.join(", ")}]. Resize them to 299×299, as inceptionExtractor does.`,
      );
    }
    const halved = (x: Tensor): Tensor => maxPool2d(x, { kernelSize: 3, stride: 2 });
    const pools = [Object.keys(stemBeforePool).length, this.stem.length];
    const stages = [
      ...this.stem.map((conv, i) => (x: Tensor) => (pools.includes(i + 1) ? halved(conv.forward(x)) : conv.forward(x))),
      ...this.mixed.map((block) => (x: Tensor) => block.forward(x)),
    ];
    // A stage's scope holds the stage before it, and so frees what that has made: a batch of images fits.
    const through = (count: number): Tensor => (count === 0 ? images : scope(() => stages[count - 1]!(through(count - 1))));
    const features = globalAveragePool2d(through(stages.length)); // [B, 299, 299, 3] … [B, 35, 35, 192] … [B, 8, 8, 2048] → [B, 2048]
    return { features, logits: this.head.forward(features) };
  }

  /** The path of each tensor by its name in PyTorch: `Mixed_5b.branch5x5_1.bn.running_mean`. */
  torchPaths(): ReadonlyMap<string, string> {
    const fields = {
      "conv.weight": "conv.weight",
      "bn.weight": "norm.weight",
      "bn.bias": "norm.bias",
      "bn.running_mean": "norm.runningMean",
      "bn.running_var": "norm.runningVariance",
    };
    const paths = new Map([
      ["fc.weight", "head.weight"],
      ["fc.bias", "head.bias"],
    ]);
    for (const [path, module] of this.modules) {
      if (!(module instanceof ConvNormRelu)) continue;
      for (const [theirs, ours] of Object.entries(fields)) paths.set(`${module.torchName}.${theirs}`, `${path}.${ours}`);
    }
    return paths;
  }
}
