/** Movement pruning: weights that training moves towards zero go, however large they are. Sanh et al. 2020, arXiv:2005.07683. */

import type { HostTensor } from "@dl/core";
import { init, type Mode, Module, Parameter } from "@dl/nn";
import { type LayerChoice, weightedLayers, weightsOf } from "../layers/weighted-layers.ts";
import type { Prunable } from "./gradual-pruning.ts";
import { type MagnitudeOptions, smallestMasks } from "./magnitude.ts";
import { fullMask, PruningMasks } from "./masks.ts";

export interface MovementOptions extends LayerChoice {
  /** Whether scores compete with those of all layers or of their own. Default `layer`, as in the paper. */
  readonly scope?: MagnitudeOptions["scope"];
}

/**
 * A model with a learned score for each weight, as one module: train its parameters together, and let `GradualPruning` choose. The mask
 * keeps the largest scores; a score gets gradient · weight, straight through the choice (equation 3 and table 1), so it grows where
 * the weight moves away from zero.
 *
 * @example no-run
 * const pruning = new MovementPruning(model);
 * using optimizer = new AdamW([{ parameters: model.parameters() }, { parameters: pruning.scoreParameters(), learningRate: 0.01 }], { learningRate: 1e-4 });
 * const callbacks = [new GradualPruning({ pruning, schedule: cubicSparsity({ final: 0.9, end: 2000 }) })];
 * await fit({ device, model: pruning, optimizer, dataset, batchSize: 64, epochs: 4, rng, step, callbacks });
 * await pruning.masks.makePermanent(device);
 */
export class MovementPruning<M extends Module & { forward(x: never, mode: Mode): unknown }> extends Module implements Prunable {
  readonly model: M;
  /** By path of the weight; zero at first. */
  readonly scores: ReadonlyMap<string, Parameter>;
  readonly masks: PruningMasks;
  readonly #scope: NonNullable<MovementOptions["scope"]>;

  constructor(model: M, { scope = "layer", ...choice }: MovementOptions = {}) {
    super();
    const weights = weightsOf(model, weightedLayers("MovementPruning", model, choice));
    this.model = model;
    this.scores = new Map([...weights].map(([path, { shape }]) => [path, new Parameter(init.zeros(shape))]));
    const full = new Map([...weights].map(([path, weight]) => [path, fullMask(weight)]));
    this.masks = new PruningMasks(model, full, { scores: this.scores });
    this.#scope = scope;
  }

  forward(...inputs: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return this.model.forward(...(inputs as unknown as [never, Mode])) as ReturnType<M["forward"]>;
  }

  scoreParameters(): Parameter[] {
    return [...this.scores.values()];
  }

  async prune(sparsity: number): Promise<void> {
    const scores = new Map<string, HostTensor>();
    for (const [path, score] of this.scores) scores.set(path, await score.read());
    this.masks.set(smallestMasks("MovementPruning.prune", scores, { sparsity, scope: this.#scope }));
  }
}
