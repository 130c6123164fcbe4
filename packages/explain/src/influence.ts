/** Which training examples pull the weights the way an answer does: similarity of loss gradients. TracIn: Pruthi et al. 2020, arXiv:2002.08484. */

import { Cell, type Device, grad, type HostTensor, mul, OptionError, type Scalar, sum } from "@dl/core";

export interface InfluenceOptions {
  readonly device: Device;
  /** The weights to look at: all of them, or the last layer's, which is faster and mostly agrees. */
  readonly parameters: readonly Cell[];
  /** The loss of the answer in question. */
  readonly query: () => Scalar;
  /** How many training examples. */
  readonly count: number;
  /** The loss of training example i. */
  readonly loss: (i: number) => Scalar;
  /** `dot`, as in TracIn, or `cosine`, which examples of large loss do not dominate. Default `dot`. */
  readonly similarity?: "dot" | "cosine";
}

/**
 * One number an example: above 0, a step on it lowers the query's loss (a proponent); below 0, raises it.
 * One forward and backward pass each; add up over checkpoints for TracIn's whole sum.
 */
export async function influence({ device, parameters, query, count, loss, similarity = "dot" }: InfluenceOptions): Promise<Float64Array> {
  if (similarity !== "dot" && similarity !== "cosine") {
    throw new OptionError(`influence: expected similarity dot or cosine, got ${String(similarity)}.`);
  }
  if (!Number.isInteger(count) || count < 0) throw new OptionError(`influence: expected a whole count of at least 0, got ${count}.`);
  if (parameters.length === 0) throw new OptionError("influence: expected at least one parameter, got none.");
  const wanted = (await device.compute(() => grad(query, parameters))) as HostTensor[];
  const cells = wanted.map((gradient) => new Cell(gradient));
  try {
    const length = Math.sqrt(wanted.reduce((total, { data }) => total + (data as Float32Array).reduce((a, b) => a + b * b, 0), 0));
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const { dots, squares } = (await device.compute(() => {
        const gradients = grad(() => loss(i), parameters);
        return {
          dots: gradients.map((gradient, p) => sum(mul(gradient, cells[p]!.value))),
          squares: gradients.map((gradient) => sum(mul(gradient, gradient))),
        };
      })) as unknown as { dots: number[]; squares: number[] };
      const dot = dots.reduce((a, b) => a + b, 0);
      const own = Math.sqrt(squares.reduce((a, b) => a + b, 0));
      values[i] = similarity === "dot" ? dot : own * length === 0 ? 0 : dot / (own * length);
    }
    return values;
  } finally {
    for (const cell of cells) cell[Symbol.dispose]();
  }
}
