/** What cell networks have in common: a stem, stages of cells with a residual block that halves the image between them, and a head. */

import { globalAveragePool2d, OptionError, type Rng, relu, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Linear, type Mode, Module } from "@dl/nn";

export interface CellStackOptions {
  /** Channels of the images. */
  inputs: number;
  classes: number;
  /** Channels of the first stage; each later one has twice as many. Default 16. */
  channels?: number;
  /** Default 3. */
  stages?: number;
  /** Default 5. */
  cellsPerStage?: number;
  rng: Rng;
}

/** A residual block of two convolutions, the first with stride 2. He et al. 2015, arXiv:1512.03385. */
class Reduction extends Module {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm;
  readonly shortcut: Conv2d;

  constructor({ inputs, outputs, rng }: { inputs: number; outputs: number; rng: Rng }) {
    super();
    const common = { kernelSize: 3, padding: 1, bias: false } as const;
    this.conv1 = new Conv2d({ inputs, outputs, stride: 2, ...common, rng: rng.fork("conv1") });
    this.norm1 = new BatchNorm({ channels: outputs });
    this.conv2 = new Conv2d({ inputs: outputs, outputs, ...common, rng: rng.fork("conv2") });
    this.norm2 = new BatchNorm({ channels: outputs });
    this.shortcut = new Conv2d({ inputs, outputs, kernelSize: 1, stride: 2, bias: false, rng: rng.fork("shortcut") });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const inner = relu(this.norm1.forward(this.conv1.forward(x), mode));
    return this.shortcut.forward(x).add(this.norm2.forward(this.conv2.forward(inner), mode));
  }
}

/** `Cell` is what a cell is made of; `forward` of the network says how one runs. */
export class CellStack<Cell extends Module> extends Module {
  readonly stem: Conv2d;
  readonly stemNorm: BatchNorm;
  readonly stages: readonly (readonly Cell[])[];
  readonly reductions: readonly Reduction[];
  readonly lastNorm: BatchNorm;
  readonly head: Linear;

  constructor(
    { inputs, classes, channels = 16, stages = 3, cellsPerStage = 5, rng }: CellStackOptions,
    cell: (options: { channels: number; rng: Rng }) => Cell,
  ) {
    super();
    if (!(Number.isInteger(stages) && stages >= 1 && Number.isInteger(cellsPerStage) && cellsPerStage >= 1)) {
      throw new OptionError(`CellStack: expected stages and cellsPerStage ≥ 1, got ${stages} and ${cellsPerStage}.`);
    }
    this.stem = new Conv2d({ inputs, outputs: channels, kernelSize: 3, padding: 1, bias: false, rng: rng.fork("stem") });
    this.stemNorm = new BatchNorm({ channels });
    const widths = Array.from({ length: stages }, (_, i) => channels * 2 ** i);
    this.stages = widths.map((width, stage) =>
      Array.from({ length: cellsPerStage }, (_, i) => cell({ channels: width, rng: rng.fork(`stage ${stage} cell ${i}`) })),
    );
    this.reductions = widths
      .slice(1)
      .map((width, i) => new Reduction({ inputs: widths[i]!, outputs: width, rng: rng.fork(`reduction ${i}`) }));
    this.lastNorm = new BatchNorm({ channels: widths.at(-1)! });
    this.head = new Linear({ inputs: widths.at(-1)!, outputs: classes, rng: rng.fork("head") });
  }

  /** Images `[B, H, W, inputs]` → logits `[B, classes]`; `run` applies one cell. */
  forward(images: Tensor, mode: Mode, run: (cell: Cell, x: Tensor) => Tensor): Tensor {
    let x = this.stemNorm.forward(this.stem.forward(images), mode); // [B, H, W, C]
    this.stages.forEach((cells, stage) => {
      if (stage > 0) x = this.reductions[stage - 1]!.forward(x, mode); // [B, H/2, W/2, 2C]
      for (const cell of cells) x = run(cell, x);
    });
    return this.head.forward(globalAveragePool2d(relu(this.lastNorm.forward(x, mode))));
  }
}
