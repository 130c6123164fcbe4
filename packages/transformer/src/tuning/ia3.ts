/** IA³: learned factors on keys, values and the inside of feed-forward layers. Liu et al. 2022, arXiv:2205.05638. */

import { OptionError } from "@dl/core";
import { init, Module, Parameter, wrapForward } from "@dl/nn";
import type { Pretrained } from "../huggingface/pretrained.ts";
import type { Adapter } from "./adapter.ts";
import { fits, type Target, targetLayers } from "./targets.ts";

export interface Ia3Options {
  /** Dense layers whose output is multiplied: keys and values. */
  targets: readonly Target[];
  /** Those whose input is multiplied: the second of the feed-forward layers. Default none. */
  feedForward?: readonly Target[];
}

/** Made, it is attached; all factors are 1 at first. */
export class Ia3 extends Module implements Adapter {
  /** `[outputs]`, or `[inputs]` for feed-forward layers, by path of the layer. */
  readonly factors: ReadonlyMap<string, Parameter>;
  readonly #inputs = new Set<string>();
  readonly #detach: readonly (() => void)[];
  readonly #model: Pretrained;

  constructor(model: Pretrained, options: Ia3Options) {
    super();
    const { targets, feedForward = [] } = options;
    const found = targetLayers(model, [...targets, ...feedForward], { where: "Ia3" });
    const factors = new Map<string, Parameter>();
    this.#detach = found.map((target) => {
      const { path, layer } = target;
      const isInput = feedForward.some((each) => fits(each, target));
      if (isInput) this.#inputs.add(path);
      const factor = new Parameter(init.ones([layer.weight.shape[isInput ? 0 : 1]!]));
      factors.set(path, factor);
      return wrapForward(layer, (forward, x) => (isInput ? forward(x.mul(factor.value)) : forward(x).mul(factor.value)));
    });
    this.factors = factors;
    this.#model = model;
  }

  get model(): Pretrained {
    return this.#model;
  }
  /** Paths of the layers whose input is multiplied. */
  get inputs(): ReadonlySet<string> {
    return this.#inputs;
  }

  trained(): Parameter[] {
    return this.parameters();
  }

  /** It is not called: the model's `forward` is. */
  forward(): never {
    throw new OptionError("Ia3.forward: expected the model's forward to be called; the adapter works inside it.");
  }

  detach(): void {
    for (const undo of this.#detach) undo();
  }
}
