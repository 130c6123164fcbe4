/** IA³: learned factors on keys, values and the inside of feed-forward layers. Liu et al. 2022, arXiv:2205.05638. */

import { type Device, OptionError } from "@dl/core";
import { init, type Linear, Module, Parameter, wrapForward } from "@dl/nn";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { type Adapter, WholeModules } from "./adapter.ts";
import { mergeAll, Standing, unmergeAll } from "./standing.ts";
import { fits, type Target, targetLayers } from "./targets.ts";

export interface Ia3Options {
  /** Dense layers whose output is multiplied: keys and values. */
  targets: readonly Target[];
  /** Those whose input is multiplied: the second of the feed-forward layers. Default none. */
  feedForward?: readonly Target[];
  /** Paths of modules that are trained whole beside it, such as a new head; no target may be in one. Default none. */
  whole?: readonly string[];
}

/** Made, it is attached; all factors are 1 at first. */
export class Ia3 extends Module implements Adapter {
  /** `[outputs]`, or `[inputs]` for feed-forward layers, by path of the layer. */
  readonly factors: ReadonlyMap<string, Parameter>;
  readonly #inputs = new Set<string>();
  readonly #standings: readonly Standing<Linear>[];
  #detach: readonly (() => void)[];
  readonly #model: Pretrained;
  readonly #whole: WholeModules;
  readonly #options: Ia3Options;

  constructor(model: Pretrained, options: Ia3Options) {
    super();
    const { targets, feedForward = [], whole = [] } = options;
    const found = targetLayers(model, [...targets, ...feedForward], { where: "Ia3", whole });
    this.#whole = new WholeModules(model, whole, { where: "Ia3" });
    this.#options = options;
    const factors = new Map<string, Parameter>();
    this.#standings = found.map((target) => new Standing(target, { name: "Ia3" }));
    this.#detach = this.#standings.map((standing) => {
      const { target } = standing;
      const { path, layer } = target;
      const isInput = feedForward.some((each) => fits(each, target));
      if (isInput) this.#inputs.add(path);
      const factor = new Parameter(init.ones([layer.weight.shape[isInput ? 0 : 1]!]));
      factors.set(path, factor);
      return wrapForward(layer, (forward, x) => {
        this.#whole.requireReady("forward");
        if (standing.isMerged) return forward(x);
        return isInput ? forward(x.mul(factor.value)) : forward(x).mul(factor.value);
      });
    });
    this.factors = factors;
    this.#model = model;
  }

  /**
   * `whole` needs the values from before, which `detach` gives back: made ready by reading them. Until then neither the adapter nor the
   * model with it can be used. Without `whole` there is nothing to await.
   */
  async ready(): Promise<this> {
    await this.#whole.remember();
    return this;
  }

  get options(): Ia3Options {
    return this.#options;
  }
  get model(): Pretrained {
    return this.#model;
  }
  /** Parameters of the model itself that are trained too, by path. */
  get whole(): ReadonlyMap<string, Parameter> {
    return this.#whole.parameters;
  }
  /** Paths of the layers whose input is multiplied. */
  get inputs(): ReadonlySet<string> {
    return this.#inputs;
  }

  /** @throws OptionError before `ready` with `whole`. */
  trained(): Parameter[] {
    this.#whole.requireReady("trained");
    return [...this.parameters(), ...this.#whole.parameters.values()];
  }

  /** It is not called: the model's `forward` is. */
  forward(): never {
    throw new OptionError("Ia3.forward: expected the model's forward to be called; the adapter works inside it.");
  }

  /**
   * The model as it was: weights from before a merge, whole modules from before training.
   *
   * @throws OptionError before `ready` with `whole`.
   */
  detach(): void {
    this.#whole.requireReady("detach");
    if (this.#standings.some(({ isMerged }) => isMerged)) this.unmerge();
    for (const undo of this.#detach) undo();
    for (const standing of this.#standings) standing.leave();
    this.#detach = [];
    this.#whole.restore();
  }

  /**
   * Writes the factors into the model's weights and biases: no work is left in its passes.
   *
   * @throws OptionError where it would change what the model gives: around an adapter that is not merged, or inside of DoRA.
   */
  async merge(device: Device): Promise<void> {
    if (this.#detach.length === 0) throw new OptionError("Ia3.merge: expected an attached adapter, got one that is detached.");
    await mergeAll(this.#standings, {
      device,
      write: ({ path, layer }) => {
        const factor = this.factors.get(path)!.value;
        const isInput = this.#inputs.has(path);
        layer.weight.set(layer.weight.value.mul(isInput ? factor.expandDims(1) : factor));
        if (layer.bias && !isInput) layer.bias.set(layer.bias.value.mul(factor));
      },
    });
  }

  /** The weights from before the merge, bit for bit, with the factors beside them again. The one merged last goes first. */
  unmerge(): void {
    unmergeAll(this.#standings);
  }
}
