/** Fidelity and diversity apart: improved precision and recall, density and coverage. Kynkäänniemi et al. 2019, arXiv:1904.06991; Naeem et al. 2020, arXiv:2002.09797. */

import { type HostTensor, OptionError, type Rng } from "@dl/core";
import { drawRows } from "../significance/draw-rows.ts";
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
  /** How sure precision and recall are: both sides' rows are drawn again so often, at least 10 times, and every ball measured anew. Takes N·M numbers of memory. Default not at all. */
  readonly bootstrap?: { readonly resamples: number; readonly rng: Rng };
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
  /** Only with `bootstrap`. */
  readonly standardErrors?: { readonly precision: number; readonly recall: number };
}

/**
 * Balls around features. O((N + M)²·D) time, O(N + M) memory.
 *
 * @example
 * const real = fromNested([[0], [1], [2], [3]]);
 * manifoldScores({ real, generated: fromNested([[0], [1], [9], [10]]) }, { neighbours: 1 }).precision; // 0.5
 */
export function manifoldScores(inputs: ManifoldInputs, { neighbours = 3, bootstrap }: ManifoldOptions = {}): ManifoldScores {
  const { real, generated } = readFeaturePair("manifoldScores", inputs, { atLeast: 2 });
  const fewest = Math.min(real.count, generated.count);
  if (!Number.isInteger(neighbours) || neighbours < 1 || neighbours >= fewest) {
    throw new OptionError(`manifoldScores: expected neighbours from 1 to ${fewest - 1}, one less than the rows, got ${neighbours}.`);
  }
  const everyRow = { real: new Float64Array(real.count).fill(1), generated: new Float64Array(generated.count).fill(1) };
  if (bootstrap === undefined) {
    const near = { real: nearestOf(real, neighbours), generated: nearestOf(generated, neighbours) };
    const distance = (i: number, j: number): number => squaredDistance(real, i, generated, j);
    return counted({ near, distance, neighbours }, everyRow);
  }
  const { resamples, rng } = bootstrap;
  if (!Number.isInteger(resamples) || resamples < 10) {
    throw new OptionError(`manifoldScores: expected at least 10 resamples, got ${resamples}.`);
  }
  // Of the nearest, a resample has some not at all: so many hold k draws all but surely.
  const reach = 10 * (neighbours + 1);
  const near = {
    real: nearestOf(real, Math.min(reach, real.count - 1)),
    generated: nearestOf(generated, Math.min(reach, generated.count - 1)),
  };
  const across = new Float64Array(real.count * generated.count);
  for (let i = 0, at = 0; i < real.count; i++) {
    for (let j = 0; j < generated.count; j++) across[at++] = squaredDistance(real, i, generated, j);
  }
  const balls = { near, distance: (i: number, j: number): number => across[i * generated.count + j]!, neighbours };
  const again = Array.from({ length: resamples }, () =>
    counted(balls, { real: timesDrawn(rng, real.count), generated: timesDrawn(rng, generated.count) }),
  );
  const errorOf = (score: "precision" | "recall"): number => {
    const mean = again.reduce((sum, one) => sum + one[score], 0) / resamples;
    return Math.sqrt(again.reduce((sum, one) => sum + (one[score] - mean) ** 2, 0) / (resamples - 1));
  };
  return { ...counted(balls, everyRow), standardErrors: { precision: errorOf("precision"), recall: errorOf("recall") } };
}

interface Nearest {
  /** Others kept of each row. */
  readonly reach: number;
  /** Squared, `[count, reach]`, ascending. */
  readonly distances: Float64Array;
  /** Which rows they are. */
  readonly rows: Int32Array;
}

interface Balls {
  readonly near: { readonly real: Nearest; readonly generated: Nearest };
  /** Squared, of a real and a generated row. */
  readonly distance: (real: number, generated: number) => number;
  readonly neighbours: number;
}

/** How often each row counts. */
interface Times {
  readonly real: Float64Array;
  readonly generated: Float64Array;
}

function counted({ near, distance, neighbours }: Balls, times: Times): Omit<ManifoldScores, "standardErrors"> {
  const realRadii = squaredRadii(near.real, times.real, neighbours);
  const generatedRadii = squaredRadii(near.generated, times.generated, neighbours);
  const isRecalled = new Uint8Array(times.real.length);
  const isCovered = new Uint8Array(times.real.length);
  let precise = 0;
  let balls = 0;
  for (let j = 0; j < times.generated.length; j++) {
    if (times.generated[j] === 0) continue;
    let held = 0;
    for (let i = 0; i < times.real.length; i++) {
      if (times.real[i] === 0) continue;
      const apart = distance(i, j);
      if (apart <= generatedRadii[j]!) isRecalled[i] = 1;
      if (apart <= realRadii[i]!) {
        isCovered[i] = 1;
        held += times.real[i]!;
      }
    }
    if (held > 0) precise += times.generated[j]!;
    balls += held * times.generated[j]!;
  }
  const share = (flags: Uint8Array): number => flags.reduce((sum, flag, i) => sum + flag * times.real[i]!, 0) / flags.length;
  const count = times.generated.length;
  return { precision: precise / count, recall: share(isRecalled), density: balls / (neighbours * count), coverage: share(isCovered) };
}

/** The squared distance at which a row has `k` of the others within, each as often as it was drawn: so balls are as large as they were. Copies of itself are none. */
function squaredRadii({ reach, distances, rows }: Nearest, times: Float64Array, k: number): Float64Array {
  return times.map((_, row) => {
    let held = 0;
    for (let at = row * reach; at < (row + 1) * reach; at++) {
      held += times[rows[at]!]!;
      if (held >= k) return distances[at]!;
    }
    return distances[(row + 1) * reach - 1]!;
  });
}

function timesDrawn(rng: Rng, count: number): Float64Array {
  const times = new Float64Array(count);
  for (const row of drawRows(rng, count)) times[row]!++;
  return times;
}

/** Each row's nearest among the others. */
function nearestOf(features: FeatureRows, reach: number): Nearest {
  const distances = new Float64Array(features.count * reach).fill(Number.POSITIVE_INFINITY);
  const rows = new Int32Array(features.count * reach);
  const offer = (row: number, other: number, distance: number): void => {
    let at = (row + 1) * reach - 1;
    if (distance >= distances[at]!) return;
    for (; at > row * reach && distances[at - 1]! > distance; at--) {
      distances[at] = distances[at - 1]!;
      rows[at] = rows[at - 1]!;
    }
    distances[at] = distance;
    rows[at] = other;
  };
  for (let i = 1; i < features.count; i++) {
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(features, i, features, j);
      offer(i, j, distance);
      offer(j, i, distance);
    }
  }
  return { reach, distances, rows };
}

function squaredDistance(a: FeatureRows, i: number, b: FeatureRows, j: number): number {
  let sum = 0;
  for (let k = 0, p = i * a.size, q = j * b.size; k < a.size; k++) {
    const difference = a.data[p++]! - b.data[q++]!;
    sum += difference * difference;
  }
  return sum;
}
