/** Gradients summed over several `compute` calls: large batches on small memory. */

import { Cell, type Gradients, hostTensor, OptionError, sizeOf } from "@dl/core";
import type { Parameter } from "../parameter.ts";

/**
 * @example
 * using sum = new GradientAccumulator(model.parameters());
 * for (const part of parts) await device.compute(() => sum.add(valueAndGrad(() => crossEntropy(model.forward(part.images), part.labels), model.parameters()).grads));
 * await device.compute(() => optimizer.update(sum.takeMean()));
 */
export class GradientAccumulator implements Disposable {
  readonly #cells: ReadonlyMap<Parameter, Cell>;
  #count = 0;

  constructor(parameters: readonly Parameter[]) {
    this.#cells = new Map(
      parameters.map((parameter) => [parameter, new Cell(hostTensor(new Float32Array(sizeOf(parameter.shape)), parameter.shape))]),
    );
  }

  /** Gradients added since the last `takeMean`. */
  get count(): number {
    return this.#count;
  }

  /** Inside `compute`. */
  add(gradients: Gradients): void {
    // All are looked for before one is added: a sum is moved whole or not at all.
    for (const parameter of this.#cells.keys()) {
      if (!gradients.has(parameter)) {
        throw new OptionError(
          `GradientAccumulator.add: expected a gradient for each of its parameters, got none for one of shape [${parameter.shape.join(", ")}].`,
        );
      }
    }
    for (const [parameter, cell] of this.#cells) {
      const gradient = gradients.get(parameter)!;
      cell.set(this.#count === 0 ? gradient : cell.value.add(gradient));
    }
    this.#count++;
  }

  /** The mean of what was added, inside `compute`; then starts over. Parts of unequal size: weigh the losses, not the parts. */
  takeMean(): Gradients<Parameter> {
    if (this.#count === 0) throw new OptionError("GradientAccumulator.takeMean: expected at least one add before, got none.");
    const share = 1 / this.#count;
    const mean = new Map([...this.#cells].map(([parameter, cell]) => [parameter, cell.value.mul(share)]));
    this.#count = 0;
    return mean;
  }

  [Symbol.dispose](): void {
    for (const cell of this.#cells.values()) cell[Symbol.dispose]();
  }
}
