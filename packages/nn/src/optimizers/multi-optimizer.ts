/** Several optimizers as one, each for parameters of its own: Muon for matrices and AdamW for the rest. */

import { type Gradients, type HostTensor, OptionError } from "@dl/core";
import type { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { type CommonOptions, Optimizer, type OptimizerState } from "./optimizer.ts";

/**
 * Wherever one optimizer is asked for, such as by `fit`; it owns the ones given and frees them.
 *
 * @throws OptionError for none, for a parameter in two of them, and for optimizers that have done different numbers of steps.
 * @example
 * using layer = new Linear({ inputs: 4, outputs: 2, rng });
 * using optimizer = new MultiOptimizer([
 *   new Muon([layer.weight], { learningRate: 0.02 }),
 *   new AdamW([layer.bias!], { learningRate: 1e-3 }),
 * ]);
 */
export class MultiOptimizer extends Optimizer<CommonOptions> {
  readonly optimizers: readonly Optimizer<CommonOptions>[];

  constructor(optimizers: readonly Optimizer<CommonOptions>[]) {
    super(
      optimizers.flatMap(({ groups }) => groups.map(({ parameters, options: { learningRate } }) => ({ parameters, learningRate }))),
      { learningRate: 0 },
    );
    const steps = optimizers.map(({ step }) => step);
    if (new Set(steps).size > 1) {
      throw new OptionError(`MultiOptimizer: expected optimizers that have done the same number of steps, got ${steps.join(", ")}.`);
    }
    this.optimizers = optimizers;
  }

  override get step(): number {
    return this.optimizers[0]!.step;
  }

  override get learningRates(): number[] {
    return this.optimizers.flatMap(({ learningRates }) => learningRates);
  }

  override update(gradients: Gradients): void {
    this.checkUpdate(gradients);
    for (const optimizer of this.optimizers) optimizer.update(gradients);
  }

  override async read(model: Module): Promise<OptimizerState> {
    const tensors = new Map<string, HostTensor>();
    for (const optimizer of this.optimizers) for (const [name, tensor] of (await optimizer.read(model)).tensors) tensors.set(name, tensor);
    return { step: this.step, tensors };
  }

  override planLoad(model: Module, state: OptimizerState): () => void {
    const plans = this.#parts(model, state).map(([optimizer, part]) => optimizer.planLoad(model, part));
    return () => {
      for (const apply of plans) apply();
    };
  }

  // Each optimizer's own do the work.
  protected updateParameter(): void {}

  protected slotNames(): readonly string[] {
    return [];
  }

  /** What of a state is whose; a tensor of nobody goes to the first, which refuses it. */
  #parts(model: Module, { step, tensors }: OptimizerState): [Optimizer<CommonOptions>, OptimizerState][] {
    const [first] = this.optimizers;
    const owners = new Map(this.optimizers.flatMap((optimizer) => parametersOf(optimizer).map((parameter) => [parameter, optimizer])));
    const parts = new Map(this.optimizers.map((optimizer) => [optimizer, new Map<string, HostTensor>()]));
    const paths = new Map([...model.namedParameters()].map(([path, parameter]) => [path, owners.get(parameter)]));
    for (const [name, tensor] of tensors) parts.get(paths.get(name.slice(0, name.lastIndexOf("."))) ?? first!)!.set(name, tensor);
    return [...parts].map(([optimizer, tensors]) => [optimizer, { step, tensors }]);
  }

  override [Symbol.dispose](): void {
    for (const optimizer of this.optimizers) optimizer[Symbol.dispose]();
  }
}

function parametersOf({ groups }: Optimizer<CommonOptions>): Parameter[] {
  return groups.flatMap(({ parameters }) => parameters);
}
