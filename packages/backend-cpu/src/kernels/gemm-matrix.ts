/** Matrices in memory as sides and results of a product. */

import type { Floats } from "../memory.ts";
import { type GemmSink, type GemmSource, lanes } from "./gemm.ts";

/** Element (lane, depth) lies at `offset + lane · laneStep + depth · depthStep`. */
export class MatrixSource implements GemmSource {
  readonly #data: Floats;
  readonly #offset: number;
  readonly #laneStep: number;
  readonly #depthStep: number;

  constructor(data: Floats, offset: number, laneStep: number, depthStep: number) {
    this.#data = data;
    this.#offset = offset;
    this.#laneStep = laneStep;
    this.#depthStep = depthStep;
  }

  pack(panels: Float64Array, lane: number, count: number, depth: number, length: number): void {
    const data = this.#data;
    const laneStep = this.#laneStep;
    const depthStep = this.#depthStep;
    let from = this.#offset + lane * laneStep + depth * depthStep;
    let at = 0;
    let left = count;
    for (; left >= lanes; left -= lanes, from += lanes * laneStep) {
      const from1 = from + laneStep;
      const from2 = from1 + laneStep;
      const from3 = from2 + laneStep;
      for (let p = 0, step = 0; p < length; p++, step += depthStep, at += lanes) {
        panels[at] = data[from + step]!;
        panels[at + 1] = data[from1 + step]!;
        panels[at + 2] = data[from2 + step]!;
        panels[at + 3] = data[from3 + step]!;
      }
    }
    if (left > 0) {
      for (let p = 0, step = from; p < length; p++, step += depthStep, at += lanes) {
        for (let l = 0; l < lanes; l++) panels[at + l] = l < left ? data[step + l * laneStep]! : 0;
      }
    }
  }
}

/** Stores row by row, `rowStep` apart, with a bias. */
export class MatrixSink implements GemmSink {
  readonly #out: Floats;
  readonly #offset: number;
  readonly #rowStep: number;
  readonly #bias: Floats | undefined;
  readonly #biasOffset: number;

  constructor(out: Floats, place: { offset: number; rowStep: number; bias?: Floats | undefined; biasOffset?: number }) {
    this.#out = out;
    this.#offset = place.offset;
    this.#rowStep = place.rowStep;
    this.#bias = place.bias;
    this.#biasOffset = place.biasOffset ?? 0;
  }

  store(sums: Float64Array, row: number, rows: number, column: number, columns: number, stride: number): void {
    const out = this.#out;
    const bias = this.#bias;
    for (let r = 0; r < rows; r++) {
      const at = this.#offset + (row + r) * this.#rowStep + column;
      const from = r * stride;
      if (bias === undefined) {
        for (let c = 0; c < columns; c++) out[at + c] = sums[from + c]!;
      } else {
        const biasFrom = this.#biasOffset + column;
        for (let c = 0; c < columns; c++) out[at + c] = sums[from + c]! + bias[biasFrom + c]!;
      }
    }
  }
}
