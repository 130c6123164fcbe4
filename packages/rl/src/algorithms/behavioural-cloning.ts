/** Behavioural cloning: do as the expert did. Pomerleau 1989; Bain and Sammut 1995. */

import { type Device, hostTensor, mean, neg, OptionError, type Rng, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm } from "@dl/nn";
import type { Policy } from "../policies/policy.ts";
import { Box } from "../spaces/box.ts";
import { checkAmounts, checkCounts } from "./check-numbers.ts";
import { shuffled } from "./numbers.ts";
import { gatherRows } from "./rollout.ts";

/** What the expert saw, and did, row by row. */
export interface Demonstrations {
  /** `[N, observation size]` */
  readonly observations: Float32Array;
  /** `[N, action size]`, as the environment takes them. */
  readonly actions: Float32Array;
}

export interface CloneBehaviourOptions {
  device: Device;
  rng: Rng;
  /** Passes over the demonstrations. Default 10. */
  epochs?: number;
  /** Default 64. */
  batchSize?: number;
  /** Default 10⁻³. */
  learningRate?: number;
}

/** Makes the expert's actions likely. Returns the mean −log-probability of each epoch; of floats a density, before they are squashed into bounds. */
export async function cloneBehaviour(
  policy: Policy,
  { observations, actions }: Demonstrations,
  { device, rng, epochs = 10, batchSize = 64, learningRate = 1e-3 }: CloneBehaviourOptions,
): Promise<number[]> {
  checkCounts("cloneBehaviour", { epochs, batchSize });
  checkAmounts("cloneBehaviour", { learningRate });
  const { actionSpace } = policy;
  const actionWidth = actionSpace.size;
  const count = actions.length / actionWidth;
  const width = observations.length / count;
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(width)) {
    throw new OptionError(
      `cloneBehaviour: expected rows of observations and of ${actionWidth} actions, got ${observations.length} and ${actions.length} numbers.`,
    );
  }
  const wrong = [observations, actions].flatMap((data) => data.find((value) => !Number.isFinite(value)) ?? []);
  if (wrong.length > 0) throw new OptionError(`cloneBehaviour: expected finite observations and actions, got ${wrong[0]}.`);
  for (let row = 0; row < count && !(actionSpace instanceof Box); row++) {
    const action = actionSpace.read(actions, row * actionWidth);
    if (!actionSpace.contains(action))
      throw new OptionError(`cloneBehaviour: expected actions in ${actionSpace}, got ${String(action)} in row ${row}.`);
  }
  const targets = policy.fromEnvironment(actions);
  const parameters = policy.parameters();
  using optimizer = new Adam(parameters, { learningRate });
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(rng, count);
    let sum = 0;
    for (let at = 0; at < count; at += batchSize) {
      const rows = order.subarray(at, at + batchSize);
      const seen = hostTensor(gatherRows(observations, rows, { width }), [rows.length, width]);
      const done = policy.upload(gatherRows(targets, rows, { width: actionWidth }));
      const loss = await device.compute(() => {
        const { value, grads } = valueAndGrad(
          () => neg(mean(policy.distribution(policy.forward(tensor(seen))).logProb(tensor(done)))),
          parameters,
        );
        optimizer.update(clipByGlobalNorm(grads, 1));
        return value;
      });
      sum += loss * rows.length;
    }
    losses.push(sum / count);
  }
  return losses;
}
