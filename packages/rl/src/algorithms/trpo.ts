/**
 * Trust region policy optimisation. Schulman et al. 2015, arXiv:1502.05477.
 *
 * The details that matter: the natural gradient by conjugate gradients on products of Fisher matrix and vector, which are gradients of gradients of
 * the KL divergence; damping; and a line search that accepts only steps that improve the surrogate within the trust region.
 */

import {
  add,
  exp,
  type Gradients,
  type HostTensor,
  hostTensor,
  mean,
  mul,
  type Scalar,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { Adam, type Parameter } from "@dl/nn";
import type { PolicyOptions } from "../policies/make-policy.ts";
import type { Outputs } from "../policies/policy.ts";
import { type ActorCritic, fitValues } from "./actor-critic.ts";
import type { AlgorithmOptions, LogRow } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { explainedVariance, normalized, shuffled } from "./numbers.ts";
import { OnPolicyAlgorithm } from "./on-policy.ts";
import { type RolloutBatch, type RolloutOptions, type RolloutRows, rowsOf, runPolicy } from "./rollout.ts";

export interface TrpoOptions extends AlgorithmOptions, PolicyOptions {
  /** T: steps of each copy in a round. Default 256. */
  rolloutSteps?: number;
  /** γ. Default 0.99. */
  discount?: number;
  /** λ of the advantages. Default 0.95. */
  lambda?: number;
  /** δ: the farthest a step may move the policy, in nats. Default 0.01. */
  trustRegion?: number;
  /** Added to the Fisher matrix's diagonal. Default 0.1. */
  damping?: number;
  /** Of conjugate gradients. Default 10. */
  iterations?: number;
  /** Of the critic. Default 10⁻³. */
  learningRate?: number;
  /** Passes of the critic over a round. Default 10. */
  criticEpochs?: number;
  /** Rows in the critic's gradient step. Default 128. */
  batchSize?: number;
}

type Vector = readonly HostTensor[];

/**
 * @example
 * using agent = new Trpo({ environments: systemCopies(cartPole(), { count: 8 }), device, rng });
 */
export class Trpo extends OnPolicyAlgorithm {
  readonly name = "trpo";
  readonly optimizers: { readonly critic: { optimizer: Adam; model: ActorCritic } };
  readonly #parameters: readonly Parameter[];
  readonly #options: Required<Omit<TrpoOptions, keyof AlgorithmOptions | keyof PolicyOptions>>;

  constructor({
    rolloutSteps = 256,
    discount = 0.99,
    lambda = 0.95,
    trustRegion = 0.01,
    damping = 0.1,
    iterations = 10,
    learningRate = 1e-3,
    criticEpochs = 10,
    batchSize = 128,
    ...options
  }: TrpoOptions) {
    super(options);
    checkCounts("Trpo", { rolloutSteps, iterations, criticEpochs, batchSize });
    checkShares("Trpo", { discount, lambda });
    checkAmounts("Trpo", { trustRegion, damping, learningRate });
    this.optimizers = { critic: { optimizer: new Adam(this.model.critic.parameters(), { learningRate }), model: this.model } };
    this.#parameters = this.model.policy.parameters();
    this.#options = { rolloutSteps, discount, lambda, trustRegion, damping, iterations, learningRate, criticEpochs, batchSize };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { rolloutSteps: steps, discount, lambda } = this.#options;
    const batch = await this.rollout({ steps, discount, lambda, onEpisodes });
    this.updates++;
    normalized(batch.advantages);
    const step = await this.#improve(batch);
    const valueLoss = await this.#fitCritic(batch);
    return { ...step, value_loss: valueLoss, explained_variance: explainedVariance(batch.values, batch.returns) };
  }

  /** The policy's step. */
  async #improve(batch: RolloutBatch): Promise<LogRow> {
    const { device } = this;
    const { trustRegion, damping, iterations } = this.#options;
    const parameters = this.#parameters;
    const view = rowsOf(batch, this.model.policy);
    const { gradient, before } = await device.compute(() => {
      const { value, grads } = valueAndGrad(() => this.#surrogate(view), parameters);
      return { gradient: inOrder(parameters, grads), before: value };
    });
    // F·v is the gradient of ⟨∇KL, v⟩, at the present policy.
    const fisher = async (vector: Vector): Promise<Vector> => {
      const product = await device.compute(() => {
        const { grads } = valueAndGrad(() => {
          const inner = valueAndGrad(() => this.#divergence(view), parameters).grads;
          return parameters.map((p, i): Tensor => sum(mul(inner.get(p)!, tensor(vector[i]!)))).reduce((a, b) => add(a, b)) as Scalar;
        }, parameters);
        return inOrder(parameters, grads);
      });
      return combine(product, vector, (f, v) => f + damping * v);
    };
    const direction = await conjugateGradients(fisher, gradient, { iterations });
    const curvature = inner(direction, await fisher(direction));
    if (!(curvature > 0)) return { policy_loss: -before, approx_kl: 0 };
    const longest = Math.sqrt((2 * trustRegion) / curvature);
    const old: HostTensor[] = [];
    for (const parameter of parameters) old.push(await parameter.read());
    const oldOutputs = await runPolicy(batch.observations, { device, policy: this.model.policy, count: batch.size });
    for (let shrink = 0; shrink < 10; shrink++) {
      const length = longest * 0.8 ** shrink;
      for (const [i, next] of combine(old, direction, (o, d) => o + length * d).entries()) parameters[i]!.load(next);
      const { surrogate, divergence } = await device.compute(() => ({
        surrogate: this.#surrogate(view),
        divergence: this.#divergence(view, Object.fromEntries(Object.entries(oldOutputs).map(([name, value]) => [name, tensor(value)]))),
      }));
      if (surrogate > before && divergence <= 1.5 * trustRegion) return { policy_loss: -surrogate, approx_kl: divergence };
    }
    for (const [i, parameter] of parameters.entries()) parameter.load(old[i]!);
    return { policy_loss: -before, approx_kl: 0 };
  }

  /** Mean of ratio times advantage: what is made larger. */
  #surrogate(view: RolloutRows): Scalar {
    const { policy } = this.model;
    const distribution = policy.distribution(policy.forward(tensor(view.observations)), view.masks && tensor(view.masks));
    const ratio = exp(sub(distribution.logProb(tensor(view.actions)), tensor(view.logProbs)));
    return mean(mul(ratio, tensor(view.advantages)));
  }

  /** Mean KL(old ‖ present); without `old`, the present policy held still. */
  #divergence(view: RolloutRows, old?: Outputs): Scalar {
    const { policy } = this.model;
    const masks = view.masks && tensor(view.masks);
    const outputs = policy.forward(tensor(view.observations));
    const still = old ?? Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, stopGradient(value)]));
    return mean(policy.distribution(still, masks).divergence(policy.distribution(outputs, masks)));
  }

  async #fitCritic(batch: RolloutBatch): Promise<number> {
    const { criticEpochs, batchSize } = this.#options;
    const { optimizer } = this.optimizers.critic;
    let loss = 0;
    for (let epoch = 0; epoch < criticEpochs; epoch++) {
      const order = shuffled(this.rngs.learn, batch.size);
      for (let at = 0; at < batch.size; at += batchSize) {
        const rows = rowsOf(batch, this.model.policy, { rows: order.subarray(at, at + batchSize) });
        loss = await fitValues(this.model, rows, { device: this.device, optimizer });
      }
    }
    return loss;
  }
}

/** Solves A·x = b for a symmetric positive A. Hestenes and Stiefel 1952. */
async function conjugateGradients(
  product: (x: Vector) => Promise<Vector>,
  b: Vector,
  { iterations }: { iterations: number },
): Promise<Vector> {
  let x: Vector = combine(b, b, () => 0);
  let residual = b;
  let direction = b;
  let size = inner(residual, residual);
  for (let i = 0; i < iterations && size > 1e-10; i++) {
    const image = await product(direction);
    const length = size / inner(direction, image);
    x = combine(x, direction, (a, d) => a + length * d);
    residual = combine(residual, image, (r, p) => r - length * p);
    const next = inner(residual, residual);
    const turn = next / size;
    direction = combine(residual, direction, (r, d) => r + turn * d);
    size = next;
  }
  return x;
}

function inOrder(parameters: readonly Parameter[], gradients: Gradients): Tensor[] {
  return parameters.map((parameter) => gradients.get(parameter)!);
}

function combine(a: Vector, b: Vector, of: (a: number, b: number) => number): Vector {
  return a.map(({ data, shape }, i) =>
    hostTensor(
      Float32Array.from(data, (value, j) => of(value, b[i]!.data[j]!)),
      shape,
    ),
  );
}

function inner(a: Vector, b: Vector): number {
  let total = 0;
  for (const [i, { data }] of a.entries()) for (const [j, value] of data.entries()) total += value * b[i]!.data[j]!;
  return total;
}
