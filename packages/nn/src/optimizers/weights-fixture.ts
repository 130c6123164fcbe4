/** For tests: the smallest model there is, a list of weights. */

import { type Cell, type HostTensor, hostTensor } from "@dl/core";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

export class Weights extends Module {
  readonly weights: readonly Parameter[];
  constructor(values: readonly HostTensor[]) {
    super();
    this.weights = values.map((value) => new Parameter(value));
  }
  forward(): void {}
}
export const scalar = (value: number): Weights => new Weights([hostTensor(Float64Array.of(value), [1])]);
export const valueOf = async (cell: Cell): Promise<number> => (await cell.read()).data[0]!;
