/**
 * The network of two cells of blocks, one that keeps the image's size and one that halves it. Zoph et al. 2018, arXiv:1707.07012, figures 2 and 3.
 * NASNet-A with its weights is in @dl/cnn; here any cells of the space make a network.
 */

import { concat, globalAveragePool2d, OptionError, type Rng, relu, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Linear, type Mode, Module } from "@dl/nn";
import { type BlockCell, blockCell, unusedBlocks } from "../space/block-cell.ts";
import { record } from "../space/record.ts";
import type { Space } from "../space/space.ts";
import { type CellOperation, type CellOperationModule, cellOperations, ReluConvNorm } from "./cell-operations.ts";

/** Everything but `none`: a block always has two terms. */
export type BlockOperation = Exclude<CellOperation, "none">;

/** The two cells of a network. */
export interface BlockCells {
  readonly normal: BlockCell<BlockOperation>;
  readonly reduction: BlockCell<BlockOperation>;
}

const operations = ["skip", "conv1x1", "conv3x3", "separable3x3", "separable5x5", "avgPool3x3", "maxPool3x3"] as const;

/** NASNet's space: two cells of five blocks, each of two earlier results and two operations. Section 3.1. */
export function nasnetSpace({ blocks = 5 }: { blocks?: number } = {}): Space<BlockCells> {
  return record({ normal: blockCell({ blocks, operations }), reduction: blockCell({ blocks, operations }) });
}

export interface BlockCellNetworkOptions {
  cells: BlockCells;
  /** Channels of the images. */
  inputs: number;
  classes: number;
  /** Channels of each block in the first stage; a reduction cell doubles them. Default 16. */
  channels?: number;
  /** Default 3. */
  stages?: number;
  /** Normal cells of each stage. Default 2. */
  cellsPerStage?: number;
  rng: Rng;
}

interface PlaceOptions {
  /** Channels of the two inputs: of the cell before the last, and of the last. */
  inputs: readonly [number, number];
  channels: number;
  /** Whether the cell before the last has twice the image's size. */
  larger: boolean;
  reduces: boolean;
  rng: Rng;
}

/** One cell where it stands. */
class PlacedCell extends Module {
  readonly cell: BlockCell<BlockOperation>;
  readonly squeezes: readonly ReluConvNorm[];
  /** By block and side: `0.1`; those that pass on what they get have none. */
  readonly sides: Readonly<Record<string, CellOperationModule>>;
  /** Channels that come out. */
  readonly outputs: number;

  constructor(cell: BlockCell<BlockOperation>, { inputs, channels, larger, reduces, rng }: PlaceOptions) {
    super();
    if (cell.inputs !== 2) throw new OptionError(`BlockCellNetwork: expected cells with 2 inputs, got ${cell.inputs}.`);
    this.cell = cell;
    this.squeezes = inputs.map(
      (count, i) =>
        new ReluConvNorm({
          ...{ inputs: count, channels, kernelSize: 1 },
          stride: larger && i === 0 ? 2 : 1,
          rng: rng.fork(`squeeze ${i}`),
        }),
    );
    this.sides = Object.fromEntries(
      cell.blocks.flatMap((sides, block) =>
        sides.flatMap(({ source, operation }, side) => {
          // Only what comes from outside is to be halved: blocks have the cell's own size.
          const stride = reduces && source < cell.inputs ? 2 : 1;
          if (operation === "skip" && stride === 1) return [];
          const name = `${block}.${side}`;
          const options = { channels, stride, rng: rng.fork(name) } as const;
          return [
            [name, operation === "skip" ? new ReluConvNorm({ ...options, kernelSize: 1 }) : cellOperations[operation](options)] as const,
          ];
        }),
      ),
    );
    this.outputs = channels * unusedBlocks(cell).length;
  }

  forward([before, last]: readonly [Tensor, Tensor], mode: Mode): Tensor {
    const results: Tensor[] = [before, last].map((x, i) => this.squeezes[i]!.forward(x, mode)); // [B, H, W, channels]
    this.cell.blocks.forEach((sides, block) => {
      const terms = sides.map(({ source }, side) => this.sides[`${block}.${side}`]?.forward(results[source]!, mode) ?? results[source]!);
      results.push(terms.reduce((a, b) => a.add(b)));
    });
    const outputs = unusedBlocks(this.cell).map((i) => results[this.cell.inputs + i]!);
    return concat(outputs, { axis: 3 }); // [B, H', W', channels · outputs]
  }
}

/** Images `[B, H, W, inputs]` → logits `[B, classes]`. */
export class BlockCellNetwork extends Module {
  readonly stem: Conv2d;
  readonly stemNorm: BatchNorm;
  readonly cells: readonly PlacedCell[];
  readonly head: Linear;

  constructor({ cells, inputs, classes, channels = 16, stages = 3, cellsPerStage = 2, rng }: BlockCellNetworkOptions) {
    super();
    if (!(Number.isInteger(stages) && stages >= 1 && Number.isInteger(cellsPerStage) && cellsPerStage >= 1)) {
      throw new OptionError(`BlockCellNetwork: expected stages and cellsPerStage ≥ 1, got ${stages} and ${cellsPerStage}.`);
    }
    this.stem = new Conv2d({ inputs, outputs: channels, kernelSize: 3, padding: 1, bias: false, rng: rng.fork("stem") });
    this.stemNorm = new BatchNorm({ channels });
    let widths: readonly [number, number] = [channels, channels];
    const placed: PlacedCell[] = [];
    for (let stage = 0; stage < stages; stage++) {
      for (let i = stage === 0 ? 1 : 0; i <= cellsPerStage; i++) {
        const reduces = i === 0;
        // After a reduction the cell before the last is twice as large.
        const larger = stage > 0 && i === 1;
        const options = { inputs: widths, channels: channels * 2 ** stage, larger, reduces, rng: rng.fork(`stage ${stage} cell ${i}`) };
        const cell = new PlacedCell(reduces ? cells.reduction : cells.normal, options);
        placed.push(cell);
        widths = [widths[1], cell.outputs];
      }
    }
    this.cells = placed;
    this.head = new Linear({ inputs: widths[1], outputs: classes, rng: rng.fork("head") });
  }

  forward(images: Tensor, mode: Mode): Tensor {
    const stem = this.stemNorm.forward(this.stem.forward(images), mode);
    let [before, last] = [stem, stem];
    for (const cell of this.cells) [before, last] = [last, cell.forward([before, last], mode)];
    return this.head.forward(globalAveragePool2d(relu(last)));
  }
}
