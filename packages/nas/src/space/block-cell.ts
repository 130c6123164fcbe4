/**
 * A cell of blocks: each takes two earlier results, applies an operation to each, and adds them; results nobody takes are joined to the output.
 * Zoph et al. 2018, "Learning transferable architectures for scalable image recognition", arXiv:1707.07012, figure 3.
 */

import { OptionError } from "@dl/core";
import { choice } from "./choice.ts";
import { integer } from "./range.ts";
import { join, type Space } from "./space.ts";

/** One of the two sides of a block: which result it takes (inputs of the cell first, then blocks), and what it does to it. */
export interface BlockInput<Operation extends string = string> {
  readonly source: number;
  readonly operation: Operation;
}

export interface BlockCell<Operation extends string = string> {
  /** Inputs of the cell; 2 in NASNet: the results of the two cells before. */
  readonly inputs: number;
  readonly blocks: readonly (readonly [BlockInput<Operation>, BlockInput<Operation>])[];
}

export interface BlockCellOptions<Operation extends string> {
  readonly blocks: number;
  readonly operations: readonly Operation[];
  /** Default 2. */
  readonly inputs?: number;
}

/**
 * @example
 * const cell = blockCell({ blocks: 5, operations: ["identity", "separable3x3", "separable5x5", "averagePool", "maxPool"] });
 */
export function blockCell<const Operation extends string>({
  blocks,
  operations,
  inputs = 2,
}: BlockCellOptions<Operation>): Space<BlockCell<Operation>> {
  if (!Number.isInteger(blocks) || blocks < 1) throw new OptionError(`blockCell: expected at least one block, got ${blocks}.`);
  if (!Number.isInteger(inputs) || inputs < 1) throw new OptionError(`blockCell: expected at least one input, got ${inputs}.`);
  const operation = choice(operations);
  const sources = Array.from({ length: blocks }, (_, i) => integer(0, inputs + i - 1));
  const sides = ["left", "right"] as const;
  return {
    size: sources.reduce((size, source) => size * (source.size * operation.size) ** 2, 1),
    express(decide, path) {
      const side = (i: number, name: string): BlockInput<Operation> => {
        const at = join(join(path, i), name);
        return { source: sources[i]!.express(decide, join(at, "source")), operation: operation.express(decide, join(at, "operation")) };
      };
      return { inputs, blocks: sources.map((_, i) => [side(i, "left"), side(i, "right")] as const) };
    },
    decisions: (path) =>
      sources.flatMap((source, i) =>
        sides.flatMap((name) => {
          const at = join(join(path, i), name);
          return [...source.decisions(join(at, "source")), ...operation.decisions(join(at, "operation"))];
        }),
      ),
    canonical: expression,
  };
}

/** Blocks whose result no other block takes: those that make the output. */
export function unusedBlocks({ inputs, blocks }: BlockCell): number[] {
  const taken = new Set(blocks.flatMap((sides) => sides.map(({ source }) => source)));
  return blocks.map((_, i) => i).filter((i) => !taken.has(inputs + i));
}

/** What the output computes, as formulas in the inputs; the sides of a block and the joined results in no order. */
function expression(cell: BlockCell): string {
  const texts = Array.from({ length: cell.inputs }, (_, i) => `x${i}`);
  for (const sides of cell.blocks) {
    texts.push(
      `(${sides
        .map(({ source, operation }) => `${operation}(${texts[source]!})`)
        .sort()
        .join("+")})`,
    );
  }
  return unusedBlocks(cell)
    .map((i) => texts[cell.inputs + i]!)
    .sort()
    .join(";");
}
