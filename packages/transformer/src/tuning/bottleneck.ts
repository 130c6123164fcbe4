/** Adapters: a small network after each branch, added to its output. Houlsby et al. 2019, arXiv:1902.00751. */

import { OptionError, type Rng, type Tensor } from "@dl/core";
import { init, type Linear, Module, type Parameter, wrapForward } from "@dl/nn";
import { type ActivationName, activations } from "../activation.ts";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { normalLinear } from "../normal-layers.ts";
import type { Adapter } from "./adapter.ts";
import { Standing } from "./standing.ts";
import { type Target, targetLayers } from "./targets.ts";

export interface BottleneckOptions {
  /** Dense layers after which one stands: the last of attention and of feed-forward. */
  targets: readonly Target[];
  /** Width of the network. */
  size: number;
  /** Default `relu`. */
  activation?: ActivationName;
  rng: Rng;
}

class Bottleneck extends Module {
  readonly down: Linear;
  readonly up: Linear;
  readonly activation: ActivationName;

  constructor(width: number, { size, activation = "relu", rng }: Omit<BottleneckOptions, "targets">) {
    super();
    this.down = normalLinear({ inputs: width, outputs: size, deviation: 0.02, rng: rng.fork("down") });
    this.up = normalLinear({ inputs: size, outputs: width, deviation: 0.02, rng: rng.fork("up") });
    // Zero at first: nothing is changed before training.
    this.up.weight.load(init.zeros(this.up.weight.shape));
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    return x.add(this.up.forward(activations[this.activation](this.down.forward(x))));
  }
}

/** Made, it is attached. */
export class Bottlenecks extends Module implements Adapter {
  /** By path of the layer they follow. */
  readonly layers: ReadonlyMap<string, Bottleneck>;
  readonly #detach: readonly (() => void)[];

  constructor(model: Pretrained, { targets, ...options }: BottleneckOptions) {
    super();
    if (!Number.isInteger(options.size) || options.size < 1) {
      throw new OptionError(`Bottlenecks: expected a whole size ≥ 1, got ${options.size}.`);
    }
    const found = targetLayers(model, targets, { where: "Bottlenecks" });
    this.layers = new Map(
      found.map(({ path, layer }) => [path, new Bottleneck(layer.weight.shape[1]!, { ...options, rng: options.rng.fork(path) })]),
    );
    this.#detach = found.flatMap((target) => {
      const standing = new Standing(target, { name: "Bottlenecks" });
      const network = this.layers.get(target.path)!;
      return [wrapForward(target.layer, (forward, x) => network.forward(forward(x))), () => standing.leave()];
    });
  }

  trained(): Parameter[] {
    return this.parameters();
  }

  /** It is not called: the model's `forward` is. */
  forward(): never {
    throw new OptionError("Bottlenecks.forward: expected the model's forward to be called; the adapter works inside it.");
  }

  detach(): void {
    for (const undo of this.#detach) undo();
  }
}
