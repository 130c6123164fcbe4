/** Fidelity and diversity apart: improved precision and recall, density and coverage. Kynkäänniemi et al. 2019, arXiv:1904.06991; Naeem et al. 2020, arXiv:2002.09797. */

import { type HostTensor, OptionError } from "@dl/core";
import { type FeatureRows, readFeaturePair } from "./features.ts";

export interface ManifoldInputs {
  /** `[N, D]`. */
  readonly real: HostTensor;
  /** `[M, D]`. */
  readonly generated: HostTensor;
}

export interface ManifoldOptions {
  /** A row's ball reaches to its k-th nearest neighbour among its own. Default 3 for precision and recall; Naeem et al. use 5. */
  readonly neighbours?: number;
}

export interface ManifoldScores {
  /** Generated rows within some real row's ball ÷ generated rows: fidelity. */
  readonly precision: number;
  /** Real rows within some generated row's ball ÷ real rows: diversity. */
  readonly recall: number;
  /** Real balls that a generated row lies in, on average, ÷ k: fidelity that outliers do not flatter; may exceed 1. */
  readonly density: number;
  /** Real rows whose ball holds a generated row ÷ real rows: diversity that outliers do not flatter. */
  readonly coverage: number;
}

/**
 * Balls around features. O((N + M)²·D) time, O(N + M) memory.
 *
 * @example
 * const real = fromNested([[0], [1], [2], [3]]);
 * manifoldScores({ real, generated: fromNested([[0], [1], [9], [10]]) }, { neighbours: 1 }).precision; // 0.5
 */
export function manifoldScores(inputs: ManifoldInputs, { neighbours = 3 }: ManifoldOptions = {}): ManifoldScores {
  const { real, generated } = readFeaturePair("manifoldScores", inputs, { atLeast: 2 });
  const fewest = Math.min(real.count, generated.count);
  if (!Number.isInteger(neighbours) || neighbours < 1 || neighbours >= fewest) {
    throw new OptionError(`manifoldScores: expected neighbours from 1 to ${fewest - 1}, one less than the rows, got ${neighbours}.`);
  }
  const realRadii = squaredRadii(real, neighbours);
  const generatedRadii = squaredRadii(generated, neighbours);
  const isRecalled = new Uint8Array(real.count);
  const isCovered = new Uint8Array(real.count);
  let precise = 0;
  let balls = 0;
  for (let j = 0; j < generated.count; j++) {
    let held = 0;
    for (let i = 0; i < real.count; i++) {
      const distance = squaredDistance(real, i, generated, j);
      if (distance <= generatedRadii[j]!) isRecalled[i] = 1;
      if (distance <= realRadii[i]!) {
        isCovered[i] = 1;
        held++;
      }
    }
    if (held > 0) precise++;
    balls += held;
  }
  const share = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
  return {
    precision: precise / generated.count,
    recall: share(isRecalled),
    density: balls / (neighbours * generated.count),
    coverage: share(isCovered),
  };
}

/** The squared distance of each row to its k-th nearest among the others. */
function squaredRadii(rows: FeatureRows, k: number): Float64Array {
  const nearest = new Float64Array(rows.count * k).fill(Infinity); // ascending, a row a row
  const offer = (row: number, distance: number): void => {
    let at = (row + 1) * k - 1;
    if (distance >= nearest[at]!) return;
    for (; at > row * k && nearest[at - 1]! > distance; at--) nearest[at] = nearest[at - 1]!;
    nearest[at] = distance;
  };
  for (let i = 1; i < rows.count; i++) {
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(rows, i, rows, j);
      offer(i, distance);
      offer(j, distance);
    }
  }
  return Float64Array.from({ length: rows.count }, (_, row) => nearest[(row + 1) * k - 1]!);
}

function squaredDistance(a: FeatureRows, i: number, b: FeatureRows, j: number): number {
  let sum = 0;
  for (let k = 0, p = i * a.size, q = j * b.size; k < a.size; k++) {
    const difference = a.data[p++]! - b.data[q++]!;
    sum += difference * difference;
  }
  return sum;
}
