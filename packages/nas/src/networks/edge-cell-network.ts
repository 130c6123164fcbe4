/** The network a cell of edges describes. Dong and Yang 2020, "NAS-Bench-201", arXiv:2001.00326, figure 1. */

import { type Rng, type Tensor, zerosLike } from "@dl/core";
import { type Mode, Module } from "@dl/nn";
import type { EdgeCell } from "../space/edge-cell.ts";
import { type CellOperation, type CellOperationModule, cellOperations } from "./cell-operations.ts";
import { CellStack, type CellStackOptions } from "./cell-stack.ts";

export interface EdgeCellNetworkOptions extends CellStackOptions {
  cell: EdgeCell<CellOperation>;
}

/** The operations of one cell, by edge: `0-1`, `0-2`, … */
class EdgeOperations extends Module {
  readonly edges: Readonly<Record<string, CellOperationModule>>;
  readonly cell: EdgeCell<CellOperation>;

  constructor(cell: EdgeCell<CellOperation>, { channels, rng }: { channels: number; rng: Rng }) {
    super();
    this.cell = cell;
    this.edges = Object.fromEntries(
      cell.edges.flatMap(({ from, to, operation }) => {
        if (operation === "none" || operation === "skip") return [];
        const name = `${from}-${to}`;
        return [[name, cellOperations[operation]({ channels, rng: rng.fork(name) })] as const];
      }),
    );
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return runEdges(x, this.cell, ({ from, to, operation }, value) => {
      if (operation === "none") return undefined;
      return operation === "skip" ? value : this.edges[`${from}-${to}`]!.forward(value, mode);
    });
  }
}

/** Sums at every node what its edges give; the last node's sum. Nodes that nothing reaches are zero, and pass nothing on. */
export function runEdges<Operation extends string>(
  x: Tensor,
  { nodes, edges }: EdgeCell<Operation>,
  run: (edge: EdgeCell<Operation>["edges"][number], value: Tensor) => Tensor | undefined,
): Tensor {
  const values: (Tensor | undefined)[] = [x];
  for (let to = 1; to < nodes; to++) {
    const terms = edges
      .filter((edge) => edge.to === to)
      .map((edge) => values[edge.from] && run(edge, values[edge.from]!))
      .filter((term) => term !== undefined);
    values[to] = terms.length === 0 ? undefined : terms.reduce((sum, term) => sum.add(term));
  }
  return values[nodes - 1] ?? zerosLike(x);
}

/** Images `[B, H, W, inputs]` → logits `[B, classes]`. */
export class EdgeCellNetwork extends Module {
  readonly stack: CellStack<EdgeOperations>;

  constructor({ cell, ...options }: EdgeCellNetworkOptions) {
    super();
    this.stack = new CellStack(options, (place) => new EdgeOperations(cell, place));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.stack.forward(images, mode, (cell, x) => cell.forward(x, mode));
  }
}
