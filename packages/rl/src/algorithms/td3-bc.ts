/** TD3+BC: learning from a fixed set of steps, without acting. Fujimoto and Gu 2021, "A minimalist approach to offline reinforcement learning", arXiv:2106.06860. */

import {
  add,
  type Device,
  mean,
  minimum,
  mul,
  OptionError,
  type Rng,
  type Scalar,
  square,
  sub,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { Adam } from "@dl/nn";
import { copyWeights, moveTarget } from "../networks/target.ts";
import { requireBox, stretchRows } from "../policies/gaussian-policy.ts";
import type { ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import type { Space } from "../spaces/space.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { mean as average } from "./numbers.ts";
import { hostRows } from "./rollout.ts";
import { DeterministicActor, disturbed } from "./td3.ts";
import { TwinCritic, twinError } from "./twin-critic.ts";

export interface LearnOfflineOptions {
  device: Device;
  rng: Rng;
  observationSpace: Space<unknown>;
  actionSpace: Space<unknown>;
  /** Gradient steps. */
  updates: number;
  /** Widths of hidden layers, with ReLU. Default [256, 256]. */
  hidden?: readonly number[];
  /** Default 3 · 10⁻⁴. */
  learningRate?: number;
  /** Default 256. */
  batchSize?: number;
  /** τ. Default 0.005. */
  targetRate?: number;
  /** α: how much the values count beside the imitation. Default 2.5. */
  valueWeight?: number;
  onLog?: (log: { readonly updates: number; readonly q_loss: number; readonly policy_loss: number }) => void;
}

/** What was learned: acts, and frees its network when disposed. */
export interface OfflineAgent extends Disposable {
  readonly actor: DeterministicActor;
  act(observations: Float32Array): Promise<Float32Array>;
}

/**
 * Learns from the transitions in a buffer, whose actions lie within ±1: TD3, whose actor is also pulled towards the actions it sees.
 *
 * @throws OptionError when the buffer is empty.
 */
export async function learnOffline(
  buffer: ReplayBuffer,
  {
    device,
    rng,
    observationSpace,
    actionSpace,
    updates,
    hidden = [256, 256],
    learningRate = 3e-4,
    batchSize = 256,
    targetRate = 0.005,
    valueWeight = 2.5,
    onLog,
  }: LearnOfflineOptions,
): Promise<OfflineAgent> {
  checkCounts("learnOffline", { updates, batchSize });
  checkShares("learnOffline", { targetRate });
  checkAmounts("learnOffline", { learningRate, valueWeight });
  if (buffer.length === 0) throw new OptionError("learnOffline: expected at least one transition, got none.");
  const space = requireBox("learnOffline", actionSpace, { bounded: true });
  const shape = { observationSpace, actionSize: space.size, hidden };
  const init = rng.fork("init");
  const actor = new DeterministicActor({ ...shape, rng: init.fork("actor") });
  using critic = new TwinCritic({ ...shape, rng: init.fork("critic") });
  using targetActor = new DeterministicActor({ ...shape, rng: init.fork("actor") });
  using targetCritic = new TwinCritic({ ...shape, rng: init.fork("critic") });
  await copyWeights(targetActor, actor);
  await copyWeights(targetCritic, critic);
  const parameters = { actor: actor.parameters(), critic: critic.parameters() };
  using actorAdam = new Adam(parameters.actor, { learningRate });
  using criticAdam = new Adam(parameters.critic, { learningRate });

  const fitCritic = (batch: ReplayBatch, noise: ReturnType<Rng["normal"]>): Scalar => {
    const nextObservations = tensor(batch.nextObservations);
    const nextActions = disturbed(targetActor.forward(nextObservations), tensor(noise), { limit: 0.5 });
    const [q1, q2] = targetCritic.forward(nextObservations, nextActions);
    const goal = add(tensor(batch.rewards), mul(tensor(batch.discounts), minimum(q1, q2)));
    const { value, grads } = valueAndGrad(
      () => twinError(critic.forward(tensor(batch.observations), tensor(batch.actions)), goal),
      parameters.critic,
    );
    criticAdam.update(grads);
    return value;
  };
  const logs = { q: [] as number[], policy: [] as number[] };
  let scale = 1;
  for (let step = 1; step <= updates; step++) {
    const batch = buffer.sample(rng, batchSize);
    const noise = rng.normal([batchSize, space.size], 0, 0.2);
    logs.q.push(await device.compute(() => fitCritic(batch, noise)));
    if (step % 2 === 0) {
      const result = await device.compute(() => {
        const observations = tensor(batch.observations);
        const { value, grads } = valueAndGrad(() => {
          const actions = actor.forward(observations);
          const [q] = critic.forward(observations, actions);
          const imitation = mean(square(sub(actions, tensor(batch.actions))));
          return { loss: sub(imitation, mul(mean(q), scale)), size: mean(q.abs()) };
        }, parameters.actor);
        actorAdam.update(grads);
        moveTarget(targetActor, actor, { rate: targetRate });
        moveTarget(targetCritic, critic, { rate: targetRate });
        return value;
      });
      // λ = α / mean |Q|, of the batch before: values of any size weigh the same beside the imitation.
      scale = valueWeight / Math.max(result.size, 1e-6);
      logs.policy.push(result.loss);
    }
    if (step % 1000 === 0 || step === updates) {
      onLog?.({ updates: step, q_loss: average(logs.q), policy_loss: average(logs.policy) });
      logs.q.length = 0;
      logs.policy.length = 0;
    }
  }
  return {
    actor,
    async act(observations) {
      const rows = hostRows(observations, { width: observationSpace.size });
      const { data } = await device.compute((): Tensor => actor.forward(tensor(rows)));
      return stretchRows(space, data as Float32Array);
    },
    [Symbol.dispose]: () => actor[Symbol.dispose](),
  };
}
