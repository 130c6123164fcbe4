/** Replaces layers by low-rank ones where that makes the model smaller. */

import { OptionError } from "@dl/core";
import type { Module, Parameter } from "@dl/nn";
import { requireBare } from "../layers/attached.ts";
import { replaceModule } from "../layers/replace-module.ts";
import { type LayerChoice, weightedLayers } from "../layers/weighted-layers.ts";
import { decompose, factoredSize, isFactorable, lowRankLayer, matrixOf } from "./low-rank-layer.ts";

/** How many singular values stay: so many; the fewest that hold a share of the squares' sum; or as many as keep a share of the layer's weights. */
export type RankChoice = { readonly rank: number } | { readonly energy: number } | { readonly share: number };

export type FactoriseOptions = RankChoice & LayerChoice;

/** What became of one layer. */
export interface FactorisedLayer {
  readonly path: string;
  /** Undefined for one that stayed as it was. */
  readonly rank: number | undefined;
  /** Weights before and after. */
  readonly before: number;
  readonly after: number;
  /** ‖W − W'‖ ÷ ‖W‖, in Frobenius norms; 0 for a W of zeros. */
  readonly error: number;
}

/**
 * Factors Linear and Conv2d layers, in place: a layer of rank r is two, to r channels and from there to the outputs. A layer that would not
 * become smaller stays, as does one whose weight is another's too. Parameters are new ones: make optimizers afterwards, and train on where
 * accuracy fell.
 *
 * @throws OptionError for a choice out of range, and for layers that are asked for and are in groups or share their weight.
 * @example
 * const layers = await factorise(model, { energy: 0.9, layers: ["fc1", "fc2"] });
 * console.log(layers.map(({ path, rank, error }) => `${path}: rank ${rank}, error ${error.toFixed(3)}`));
 */
export async function factorise(model: Module, { layers, ...choice }: FactoriseOptions): Promise<FactorisedLayer[]> {
  requireChoice(choice);
  requireBare("factorise", model);
  const chosen = weightedLayers("factorise", model, layers === undefined ? {} : { layers });
  const shared = sharedParameters(model);
  const found: FactorisedLayer[] = [];
  const replacements: (() => void)[] = [];
  for (const [path, layer] of chosen) {
    if (!isFactorable(layer) || path === "" || shared.has(layer.weight)) {
      if (layers === undefined) continue;
      throw new OptionError(
        `factorise: expected Linear and Conv2d layers inside the model, without groups and with a weight of their own, got ${path || "the model itself"}.`,
      );
    }
    const matrix = matrixOf(layer.weight);
    const parts = decompose(await layer.weight.read());
    const rank = rankOf(choice, parts.values, matrix);
    const before = matrix.rows * matrix.columns;
    const after = factoredSize(matrix, rank);
    if (after >= before) {
      found.push({ path, rank: undefined, before, after: before, error: 0 });
      continue;
    }
    const squares = parts.values.map((value) => value * value);
    const sum = (from: number): number => squares.slice(from).reduce((a, b) => a + b, 0);
    found.push({ path, rank, before, after, error: sum(0) === 0 ? 0 : Math.sqrt(sum(rank) / sum(0)) });
    const low = await lowRankLayer(layer, parts, rank);
    replacements.push(() => {
      replaceModule(model, path, low);
      layer[Symbol.dispose]();
    });
  }
  // All is worked out before anything is replaced.
  for (const replace of replacements) replace();
  return found;
}

/** Parameters that several modules keep. */
function sharedParameters(model: Module): ReadonlySet<Parameter> {
  const [seen, shared] = [new Set<Parameter>(), new Set<Parameter>()];
  for (const module of model.modules.values()) {
    if (module.children.size > 0) continue;
    for (const parameter of module.parameters()) (seen.has(parameter) ? shared : seen).add(parameter);
  }
  return shared;
}

function requireChoice(choice: RankChoice): void {
  const asked = Object.keys(choice);
  if (asked.length !== 1 || !["rank", "energy", "share"].includes(asked[0]!)) {
    throw new OptionError(`factorise: expected one of rank, energy and share, got ${asked.join(", ") || "none"}.`);
  }
  const bad = (what: string, value: number): never => {
    throw new OptionError(`factorise: expected ${what}, got ${value}.`);
  };
  if ("rank" in choice && !(Number.isInteger(choice.rank) && choice.rank >= 1)) bad("a whole rank ≥ 1", choice.rank);
  if ("energy" in choice && !(choice.energy > 0 && choice.energy <= 1)) bad("an energy above 0 and up to 1", choice.energy);
  if ("share" in choice && !(choice.share > 0 && choice.share < 1)) bad("a share between 0 and 1", choice.share);
}

function rankOf(choice: RankChoice, values: Float64Array, matrix: { rows: number; columns: number }): number {
  if ("rank" in choice) return Math.min(choice.rank, values.length);
  if ("share" in choice) {
    return Math.max(1, Math.min(values.length, Math.floor((choice.share * matrix.rows * matrix.columns) / (matrix.rows + matrix.columns))));
  }
  const total = values.reduce((sum, value) => sum + value * value, 0);
  let [held, rank] = [0, 0];
  // Rounding must not ask for one value more than there are.
  while (rank < values.length && held < choice.energy * total * (1 - 1e-12)) held += values[rank++]! ** 2;
  return Math.max(1, rank);
}
