/**
 * All networks of a space of edge cells in one, sharing their weights: every edge holds every operation.
 *
 * A batch runs through one cell (Guo et al. 2020, "Single path one-shot", arXiv:1904.00420; Pham et al. 2018, "ENAS", arXiv:1802.03268), or
 * through the mixture of all that the architecture parameters weigh (Liu et al. 2019, "DARTS", arXiv:1806.09055, equation 2).
 */

import { narrow, type Rng, softmax, type Tensor } from "@dl/core";
import { type Mode, Module, Parameter } from "@dl/nn";
import type { Genotype } from "../space/candidate.ts";
import type { EdgeCell } from "../space/edge-cell.ts";
import { type CellOperation, type CellOperationModule, cellOperations } from "./cell-operations.ts";
import { CellStack, type CellStackOptions } from "./cell-stack.ts";
import { runEdges } from "./edge-cell-network.ts";

export interface EdgeCellSupernetOptions<Operation extends CellOperation> extends CellStackOptions {
  nodes: number;
  operations: readonly Operation[];
}

/** Every operation of every edge of one cell: `0-1.conv3x3`, … */
class AllOperations extends Module {
  readonly edges: Readonly<Record<string, Readonly<Record<string, CellOperationModule>>>>;

  constructor(operations: readonly CellOperation[], { nodes, channels, rng }: { nodes: number; channels: number; rng: Rng }) {
    super();
    this.edges = Object.fromEntries(
      pairsOf(nodes).map(({ from, to }) => {
        const made = operations.flatMap((operation) =>
          operation === "none" || operation === "skip"
            ? []
            : [[operation, cellOperations[operation]({ channels, rng: rng.fork(`${from}-${to} ${operation}`) })] as const],
        );
        return [`${from}-${to}`, Object.fromEntries(made)];
      }),
    );
  }

  /** One edge with one operation; undefined for `none`. */
  forward(x: Tensor, mode: Mode, { edge, operation }: { edge: string; operation: CellOperation }): Tensor | undefined {
    if (operation === "none") return undefined;
    return operation === "skip" ? x : this.edges[edge]![operation]!.forward(x, mode);
  }
}

/** Images `[B, H, W, inputs]` → logits `[B, classes]`. Measure a cell in training mode: running statistics are those of all cells together. */
export class EdgeCellSupernet<Operation extends CellOperation = CellOperation> extends Module {
  readonly stack: CellStack<AllOperations>;
  /** `[edges, operations]`; softmax over a row weighs an edge's operations. */
  readonly architecture: Parameter;
  readonly nodes: number;
  readonly operations: readonly Operation[];

  constructor({ nodes, operations, ...options }: EdgeCellSupernetOptions<Operation>) {
    super();
    this.nodes = nodes;
    this.operations = operations;
    this.stack = new CellStack(options, (place) => new AllOperations(operations, { nodes, ...place }));
    const shape = [pairsOf(nodes).length, operations.length];
    this.architecture = new Parameter(options.rng.fork("architecture").normal(shape, 0, 1e-3));
  }

  /** All parameters but the architecture's. */
  weights(): Parameter[] {
    return this.parameters().filter((parameter) => parameter !== this.architecture);
  }

  /** The weights one cell uses: its operations, and what all cells have in common. */
  weightsOf({ edges }: EdgeCell<Operation>): Parameter[] {
    const used = new Set(edges.map(({ from, to, operation }) => `${from}-${to}.${operation}`));
    return [...this.namedParameters()]
      .filter(([path, parameter]) => {
        const place = /\.edges\.(\d+-\d+\.\w+)\./.exec(path)?.[1];
        return parameter !== this.architecture && (place === undefined || used.has(place));
      })
      .map(([, parameter]) => parameter);
  }

  /** The candidate of a cell, in the space `edgeCell({ nodes, operations })`. */
  genotypeOf({ edges }: EdgeCell<Operation>): Genotype {
    return Object.fromEntries(edges.map(({ from, to, operation }) => [`${from}-${to}`, this.operations.indexOf(operation)]));
  }

  /** Through one cell, or without it through the mixture. */
  forward(images: Tensor, mode: Mode, { cell }: { cell?: EdgeCell<Operation> } = {}): Tensor {
    if (cell) {
      return this.stack.forward(images, mode, (operations, x) =>
        runEdges(x, cell, ({ from, to, operation }, value) => operations.forward(value, mode, { edge: `${from}-${to}`, operation })),
      );
    }
    const edges = pairsOf(this.nodes).map((pair) => ({ ...pair, operation: "" }));
    const shares = softmax(this.architecture.value); // [edges, operations]
    return this.stack.forward(images, mode, (operations, x) =>
      runEdges(x, { nodes: this.nodes, edges }, ({ from, to }, value) => {
        const row = edges.findIndex((edge) => edge.from === from && edge.to === to);
        const terms = this.operations.map((operation, column) => {
          const term = operations.forward(value, mode, { edge: `${from}-${to}`, operation });
          return term?.mul(narrow(narrow(shares, 0, { start: row, size: 1 }), 1, { start: column, size: 1 }).reshape([]));
        });
        return terms.filter((term) => term !== undefined).reduce((sum, term) => sum.add(term));
      }),
    );
  }

  /** The cell of each edge's strongest operation, `none` left out: a share for nothing only scales the others. Outside `compute`. */
  async strongest(): Promise<EdgeCell<Operation>> {
    const { data } = await this.architecture.read();
    const count = this.operations.length;
    return {
      nodes: this.nodes,
      edges: pairsOf(this.nodes).map(({ from, to }, row) => {
        const ranked = this.operations
          .map((operation, column) => ({ operation, weight: data[row * count + column]! }))
          .filter(({ operation }) => operation !== "none")
          .sort((a, b) => b.weight - a.weight);
        return { from, to, operation: ranked[0]!.operation };
      }),
    };
  }
}

function pairsOf(nodes: number): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: nodes }, (_, to) => Array.from({ length: to }, (_, from) => ({ from, to }))).flat();
}
