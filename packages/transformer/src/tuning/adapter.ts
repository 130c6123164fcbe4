/** What all ways to adapt a model from outside share: the model's own weights stay as they are, and are not trained. */

import { type HostTensor, OptionError } from "@dl/core";
import { Module, type Parameter } from "@dl/nn";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { isWithin } from "../module-paths.ts";

/** Parameters beside a model's, and what they change in it. */
export interface Adapter {
  /** What to train: `valueAndGrad(…, adapter.trained())`, `new AdamW(adapter.trained(), …)`. */
  trained(): Parameter[];
  /** Takes the change away from the model; its weights are as they were. */
  detach(): void;
}

/**
 * A model and its adapters as one module: what `fit` and checkpoints take, so that both are saved and resumed together.
 *
 * @example
 * const model = new Gpt2({ ...nanoGptShakespeare, layers: 1, rng });
 * const together = new Adapted(model, [new Lora(model, { targets: ["project"], rank: 2, alpha: 4, rng })]);
 * together.namedParameters().has("adapters.0.layers.blocks.0.attention.project.down"); // true
 */
export class Adapted<M extends Module> extends Module {
  readonly model: M;
  readonly adapters: readonly Module[];

  constructor(model: M, adapters: readonly Module[]) {
    super();
    this.model = model;
    this.adapters = adapters;
  }

  forward(...inputs: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return this.model.forward(...inputs) as ReturnType<M["forward"]>;
  }
}

/** Parameters of the model itself that are trained beside an adapter, such as a new head's or biases; `restore` gives them back as they were. */
export class WholeModules {
  /** By path in the model. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly #where: string;
  #before: ReadonlyMap<string, HostTensor> | undefined;

  /** @param options.also  Single parameters by their paths. Default none. */
  constructor(
    model: Pretrained,
    paths: readonly string[],
    { where, also = () => false }: { where: string; also?: (path: string) => boolean },
  ) {
    const found = new Map<string, Parameter>();
    for (const path of paths) {
      const below = [...model.namedParameters()].filter(([name]) => isWithin(name, [path]));
      if (below.length === 0) throw new OptionError(`${where}: expected whole modules of the model, got ${path}.`);
      for (const [name, parameter] of below) found.set(name, parameter);
    }
    for (const [name, parameter] of model.namedParameters()) if (also(name)) found.set(name, parameter);
    this.parameters = found;
    this.#where = where;
  }

  /** Remembers the present values; those it has already stay. */
  async remember(): Promise<void> {
    if (this.#before) return;
    const before = new Map<string, HostTensor>();
    for (const [path, parameter] of this.parameters) before.set(path, await parameter.read());
    this.#before = before;
  }

  /** @throws OptionError where there are parameters whose values are not remembered: what training changed could not be taken back. */
  requireReady(method: string): void {
    if (this.parameters.size === 0 || this.#before) return;
    const [first] = this.parameters.keys();
    const others = this.parameters.size > 1 ? ` and ${this.parameters.size - 1} more` : "";
    throw new OptionError(
      `${this.#where}.${method}: expected the values from before of what the model trains itself (${first}${others}), got none: detach could not give them back. Await ready() first.`,
    );
  }

  restore(): void {
    this.requireReady("detach");
    for (const [path, value] of this.#before ?? []) this.parameters.get(path)!.load(value);
  }
}

/** BitFit: of the model only the biases are trained. Ben Zaken et al. 2021, arXiv:2106.10199. `also` names modules trained whole, such as the head. */
export function bitFit(model: Module, { also = [] }: { also?: readonly string[] } = {}): Parameter[] {
  const chosen = [...model.namedParameters()].filter(([path]) => path === "bias" || path.endsWith(".bias") || isWithin(path, also));
  if (chosen.length === 0)
    throw new OptionError("bitFit: expected a model with biases, got one without. Llama and T5 have none: use Lora.");
  return chosen.map(([, parameter]) => parameter);
}
