/** Learning a task without losing the one before: weights that mattered are held back. Kirkpatrick et al. 2017, EWC, arXiv:1612.00796, equation 3. */

import { add, Cell, type Device, type HostTensor, hostTensor, OptionError, type Scalar, sizeOf, sum, valueAndGrad } from "@dl/core";
import type { Parameter } from "@dl/nn";

export interface RememberOptions<B> {
  device: Device;
  /** Batches of the task just learned; each gives one gradient of the log-likelihood. Batches of one example are the paper's. */
  batches: Iterable<B>;
  /** The task's mean loss of a batch: negative log-likelihood. */
  loss: (batch: B) => Scalar;
}

/**
 * The penalty of EWC: ½ · strength · Σ F (θ − θ*)², with θ* the weights when a task was finished and F its diagonal Fisher information, estimated
 * by squared gradients. Several tasks add up.
 *
 * @example no-run
 * const lossOf = (ids: HostTensor): Scalar => tokenLoss(model.forward(tensor(ids)), tensor(ids));
 * using elastic = new ElasticWeights(model.parameters(), { strength: 1000 });
 * await elastic.remember({ device, batches: oldTexts, loss: lossOf });
 * // then, in each step of the next task:
 * const loss = add(lossOf(newTexts), elastic.penalty());
 */
export class ElasticWeights implements Disposable {
  readonly #parameters: readonly Parameter[];
  readonly #strength: number;
  /** One a task: of each parameter its weights and their importance. */
  readonly #tasks: { readonly weights: Cell; readonly importance: Cell }[][] = [];

  constructor(parameters: readonly Parameter[], { strength }: { strength: number }) {
    if (!(strength >= 0 && strength < Infinity))
      throw new OptionError(`ElasticWeights: expected a strength of at least 0, got ${strength}.`);
    if (parameters.length === 0) throw new OptionError("ElasticWeights: expected parameters, got none.");
    this.#parameters = parameters;
    this.#strength = strength;
  }

  /** Tasks remembered. */
  get tasks(): number {
    return this.#tasks.length;
  }

  /** Takes the present weights for those of a finished task, and finds out which of them matter to it. */
  async remember<B>({ device, batches, loss }: RememberOptions<B>): Promise<void> {
    const sums = this.#parameters.map(({ shape }) => new Float64Array(sizeOf(shape)));
    let count = 0;
    for (const batch of batches) {
      const squares = (await device.compute(() => {
        const { grads } = valueAndGrad(() => loss(batch), this.#parameters as Parameter[]);
        return this.#parameters.map((parameter) => grads.get(parameter)!.square());
      })) as HostTensor[];
      for (const [i, { data }] of squares.entries()) for (let j = 0; j < data.length; j++) sums[i]![j]! += data[j]!;
      count++;
    }
    if (count === 0) throw new OptionError("ElasticWeights.remember: expected batches of the task, got none.");
    const weights = await Promise.all(this.#parameters.map((parameter) => parameter.read()));
    this.#tasks.push(
      this.#parameters.map(({ shape }, i) => ({
        weights: new Cell(weights[i]!),
        importance: new Cell(
          hostTensor(
            Float32Array.from(sums[i]!, (sum) => sum / count),
            shape,
          ),
        ),
      })),
    );
  }

  /** What to add to the loss of the next task, inside `compute`. @throws OptionError before anything was remembered. */
  penalty(): Scalar {
    let total: Scalar | undefined;
    for (const task of this.#tasks) {
      for (const [i, { weights, importance }] of task.entries()) {
        const moved = this.#parameters[i]!.value.sub(weights.value);
        const own = sum(moved.square().mul(importance.value));
        total = total ? add(total, own) : own;
      }
    }
    if (!total) throw new OptionError("ElasticWeights.penalty: expected a task that was remembered, got none. Call remember first.");
    return total.mul(this.#strength / 2);
  }

  [Symbol.dispose](): void {
    for (const task of this.#tasks)
      for (const { weights, importance } of task) for (const cell of [weights, importance]) cell[Symbol.dispose]();
  }
}
