/**
 * A cell as a graph whose edges are operations: each node adds up what comes in from all nodes before it; the last is the output.
 * Dong and Yang 2020, "NAS-Bench-201", arXiv:2001.00326; Liu et al. 2019, "DARTS", arXiv:1806.09055.
 */

import { OptionError } from "@dl/core";
import { choice } from "./choice.ts";
import { join, type Space } from "./space.ts";

export interface Edge<Operation extends string = string> {
  readonly from: number;
  /** Greater than `from`. */
  readonly to: number;
  readonly operation: Operation;
}

export interface EdgeCell<Operation extends string = string> {
  /** Nodes in all, input and output included. */
  readonly nodes: number;
  /** One for each pair of nodes, by `to`, then by `from`. */
  readonly edges: readonly Edge<Operation>[];
}

export interface EdgeCellOptions<Operation extends string> {
  /** Input and output included; at least 2. */
  readonly nodes: number;
  readonly operations: readonly Operation[];
  /** The operation that passes nothing on. Default `none`. */
  readonly none?: string;
  /** The operation that passes its input on as it is. Default `skip`. */
  readonly skip?: string;
}

/**
 * Cells that compute the same are one: nodes nobody hears, paths through `none`, and the order of equal sums make no difference in `canonical`.
 *
 * @example
 * const cell = edgeCell({ nodes: 4, operations: ["none", "skip", "conv1x1", "conv3x3", "avgPool3x3"] }); // NAS-Bench-201: 5⁶ cells
 */
export function edgeCell<const Operation extends string>({
  nodes,
  operations,
  none = "none",
  skip = "skip",
}: EdgeCellOptions<Operation>): Space<EdgeCell<Operation>> {
  if (!Number.isInteger(nodes) || nodes < 2) throw new OptionError(`edgeCell: expected at least 2 nodes, got ${nodes}.`);
  const operation = choice(operations);
  const pairs = Array.from({ length: nodes }, (_, to) => Array.from({ length: to }, (_, from) => ({ from, to }))).flat();
  return {
    size: operation.size ** pairs.length,
    express: (decide, path) => ({
      nodes,
      edges: pairs.map(({ from, to }) => ({ from, to, operation: operation.express(decide, join(path, `${from}-${to}`)) })),
    }),
    decisions: (path) => pairs.flatMap(({ from, to }) => operation.decisions(join(path, `${from}-${to}`))),
    canonical: (cell) => expression(cell, { none, skip }),
  };
}

/** What the output computes, as a formula: sums sorted, zeros left out. */
function expression({ nodes, edges }: EdgeCell, { none, skip }: { none: string; skip: string }): string {
  const terms: string[][] = Array.from({ length: nodes }, () => []);
  terms[0] = ["x"];
  for (let to = 1; to < nodes; to++) {
    for (const { from, operation } of edges.filter((edge) => edge.to === to)) {
      const source = terms[from]!;
      if (operation === none || source.length === 0) continue;
      if (operation === skip) terms[to]!.push(...source);
      else terms[to]!.push(`${operation}(${sumOf(source)})`);
    }
  }
  return sumOf(terms[nodes - 1]!);
}

const sumOf = (terms: readonly string[]): string => (terms.length === 0 ? "0" : [...terms].sort().join("+"));
