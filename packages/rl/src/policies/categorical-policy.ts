/** Policies over choices: one, or several at once. */

import { add, type HostTensor, hostTensor, mul, OptionError, type Tensor, wordToUnit } from "@dl/core";
import { Categorical, MultiCategorical } from "../distributions/categorical.ts";
import type { Distribution } from "../distributions/distribution.ts";
import type { MlpOptions } from "../networks/mlp.ts";
import { Network } from "../networks/network.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiBinary } from "../spaces/multi-binary.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { Space } from "../spaces/space.ts";
import { type Choice, type ChooseOptions, type HostOutputs, type Outputs, Policy } from "./policy.ts";

export interface CategoricalPolicyOptions extends Pick<MlpOptions, "hidden" | "activation" | "rng"> {
  observationSpace: Space<unknown>;
  /** `Discrete`, `MultiDiscrete` or `MultiBinary`. */
  actionSpace: Space<unknown>;
}

/** A logit this low is a probability of zero, and no infinity that a gradient could meet. */
const forbidden = -1e8;

/** @internal Scores `[B, choices]`, of which those where `masks` is 0 are too low to be chosen. */
export function allowedOnly(scores: Tensor, masks: Tensor | undefined): Tensor {
  return masks ? add(scores, mul(add(mul(masks, -1), 1), forbidden)) : scores;
}

export class CategoricalPolicy extends Policy {
  readonly actionSpace: Space<unknown>;
  readonly network: Network;
  readonly #choices: readonly number[];

  constructor({ observationSpace, actionSpace, hidden, activation = "tanh", rng }: CategoricalPolicyOptions) {
    super();
    this.actionSpace = actionSpace;
    this.#choices = choicesOf(actionSpace);
    const outputs = this.#choices.reduce((sum, n) => sum + n, 0);
    this.network = new Network({ observationSpace, hidden, outputs, activation, outputGain: 0.01, rng });
  }

  /** `logits [B, Σ choices]` */
  forward(observations: Tensor): { logits: Tensor } {
    return { logits: this.network.forward(observations) };
  }

  distribution({ logits }: Outputs, masks?: Tensor): Distribution {
    const allowed = allowedOnly(logits!, masks);
    return this.actionSpace instanceof Discrete ? new Categorical(allowed) : new MultiCategorical(allowed, this.#choices);
  }

  choose({ logits }: HostOutputs, { rng, deterministic = false, masks }: ChooseOptions): Choice {
    const width = logits!.shape[1]!;
    const rows = logits!.shape[0]!;
    const parts = this.#choices.length;
    const actions = new Float32Array(rows * parts);
    const logProbs = new Float64Array(rows);
    const words = deterministic ? undefined : rng.words(rows * parts);
    const scores = Float64Array.from(logits!.data, (value, i) => (masks?.[i] === 0 ? forbidden : value));
    for (let row = 0; row < rows; row++) {
      let at = row * width;
      for (let part = 0; part < parts; part++) {
        const n = this.#choices[part]!;
        const place = row * parts + part;
        const uniform = words ? wordToUnit(words[place]!) : undefined;
        const { action, logProb } = pick(scores, { at, n, uniform });
        actions[place] = action;
        logProbs[row]! += logProb;
        at += n;
      }
    }
    return { actions, logProbs };
  }

  upload(actions: Float32Array): HostTensor {
    const parts = this.#choices.length;
    return hostTensor(Int32Array.from(actions), this.actionSpace instanceof Discrete ? [actions.length] : [actions.length / parts, parts]);
  }

  toEnvironment(actions: Float32Array): Float32Array {
    return actions;
  }

  fromEnvironment(actions: Float32Array): Float32Array {
    return actions;
  }
}

/** Numbers of choices of a discrete action space of any kind. */
export function choicesOf(space: Space<unknown>): readonly number[] {
  if (space instanceof Discrete) return [space.choices];
  if (space instanceof MultiDiscrete) return space.choices;
  if (space instanceof MultiBinary) return new Array<number>(space.size).fill(2);
  throw new OptionError(`CategoricalPolicy: expected actions that are choices, got ${space}. Use a Gaussian policy.`);
}

/** Draws from the softmax of n scores, or takes the largest; NaN scores give NaN, which the environment refuses by name. */
function pick(
  scores: Float64Array,
  { at, n, uniform }: { at: number; n: number; uniform: number | undefined },
): { action: number; logProb: number } {
  let best = 0;
  for (let i = 1; i < n; i++) if (scores[at + i]! > scores[at + best]!) best = i;
  const largest = scores[at + best]!;
  let total = 0;
  for (let i = 0; i < n; i++) total += Math.exp(scores[at + i]! - largest);
  let action = best;
  if (uniform !== undefined) {
    let left = uniform * total;
    action = n - 1;
    for (let i = 0; i < n; i++) {
      left -= Math.exp(scores[at + i]! - largest);
      if (left < 0) {
        action = i;
        break;
      }
    }
  }
  const logProb = scores[at + action]! - largest - Math.log(total);
  return { action: Number.isNaN(total) ? Number.NaN : action, logProb };
}
