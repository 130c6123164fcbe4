/** Steps of all copies by the present policy: what on-policy algorithms learn from. */

import { type Device, type HostTensor, hostTensor, type Rng, ShapeError, type Tensor, tensor } from "@dl/core";
import type { Network } from "../networks/network.ts";
import type { HostOutputs, Policy } from "../policies/policy.ts";
import { gae } from "../returns/gae.ts";
import type { Episode, VectorEnvironment } from "../vector/vector-environment.ts";

/** T steps of N copies, row by row of time: row t · N + n. */
export interface RolloutBatch {
  /** T · N. */
  readonly size: number;
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbs: Float64Array;
  readonly rewards: Float64Array;
  /** 1 where the episode was over, terminated or truncated. */
  readonly done: Uint8Array;
  readonly values: Float64Array;
  /** Of what the step led to; 0 where the task terminated. */
  readonly nextValues: Float64Array;
  readonly advantages: Float64Array;
  /** Targets for the values. */
  readonly returns: Float64Array;
  readonly masks: Uint8Array | undefined;
}

export interface RolloutOptions {
  device: Device;
  environments: VectorEnvironment;
  policy: Policy;
  /** Without one, values are 0: what comes after the rollout, or after an episode was cut short, is not guessed. */
  critic?: Network | undefined;
  /** T. */
  steps: number;
  discount: number;
  lambda: number;
  rng: Rng;
  onEpisodes: (episodes: readonly Episode[]) => void;
}

/**
 * Acts for T steps from `observations`, which ends up holding what to act on next.
 *
 * Values are computed afterwards, all at once: the network is the same for the whole rollout, and one large product is cheaper than T small ones.
 */
export async function collect(
  observations: Float32Array,
  { device, environments, policy, critic, steps, discount, lambda, rng, onEpisodes }: RolloutOptions,
): Promise<RolloutBatch> {
  const { count, observationSpace, actionSpace } = environments;
  const width = observationSpace.size;
  const size = steps * count;
  const rows = {
    observations: new Float32Array(size * width),
    actions: new Float32Array(size * actionSpace.size),
    logProbs: new Float64Array(size),
    rewards: new Float64Array(size),
    done: new Uint8Array(size),
  };
  const terminated = new Uint8Array(size);
  /** Last observations of truncated episodes, and the rows they follow. */
  const cut: { row: number; observation: Float32Array }[] = [];
  let masks: Uint8Array | undefined;
  for (let t = 0; t < steps; t++) {
    const at = t * count;
    rows.observations.set(observations, at * width);
    const allowed = environments.actionMasks?.();
    if (allowed) (masks ??= new Uint8Array(steps * allowed.length)).set(allowed, t * allowed.length);
    const outputs = await runPolicy(observations, { device, policy, count });
    const { actions, logProbs } = policy.choose(outputs, { rng, masks: allowed });
    rows.actions.set(actions, at * actionSpace.size);
    rows.logProbs.set(logProbs, at);
    const stepped = environments.step(policy.toEnvironment(actions));
    const step = stepped instanceof Promise ? await stepped : stepped;
    rows.rewards.set(step.rewards, at);
    for (let n = 0; n < count; n++) {
      terminated[at + n] = step.terminated[n]!;
      rows.done[at + n] = step.terminated[n]! | step.truncated[n]!;
      if (step.truncated[n] === 1 && step.terminated[n] === 0) {
        cut.push({ row: at + n, observation: step.nextObservations.slice(n * width, (n + 1) * width) });
      }
    }
    observations.set(step.observations);
    if (step.episodes.length > 0) onEpisodes(step.episodes);
  }

  const values = new Float64Array(size);
  const nextValues = new Float64Array(size);
  if (critic) {
    // [T · N] values, then N of what comes next, then those of the cut-off ends.
    const all = new Float32Array((size + count + cut.length) * width);
    all.set(rows.observations);
    all.set(observations, size * width);
    for (const [i, { observation }] of cut.entries()) all.set(observation, (size + count + i) * width);
    const evaluated = await runNetwork(all, { device, network: critic, width });
    values.set(evaluated.data.subarray(0, size));
    for (let i = 0; i < size; i++) nextValues[i] = terminated[i] ? 0 : evaluated.data[i + count]!;
    for (const [i, { row }] of cut.entries()) nextValues[row] = evaluated.data[size + count + i]!;
  }
  const { advantages, returns } = gae({ count, rewards: rows.rewards, done: rows.done, discount }, { values, nextValues, lambda });
  return { size, ...rows, values, nextValues, advantages, returns, masks };
}

/** Rows of numbers as a host tensor `[N, width]`, without a copy. @throws ShapeError when the last row is not whole. */
export function hostRows(data: Float32Array, { width }: { width: number }): HostTensor {
  if (data.length % width !== 0) {
    throw new ShapeError(`act: expected observations of ${width} numbers each, one after the other, got ${data.length} numbers.`);
  }
  return hostTensor(data, [data.length / width, width]);
}

/** What the policy says about rows of observations, on the host. */
export async function runPolicy(
  observations: Float32Array,
  { device, policy, count }: { device: Device; policy: Policy; count: number },
): Promise<HostOutputs> {
  const rows = hostRows(observations, { width: observations.length / count });
  return device.compute(() => policy.forward(tensor(rows))) as Promise<HostOutputs>;
}

/** What a network gives for rows of observations, on the host. */
export async function runNetwork(
  rows: Float32Array,
  { device, network, width }: { device: Device; network: Network; width: number },
): Promise<HostTensor> {
  const host = hostRows(rows, { width });
  return device.compute((): Tensor => network.forward(tensor(host)));
}

/** Rows of a rollout as host tensors, ready for the device. */
export interface RolloutRows {
  /** `[B, O]` */
  readonly observations: HostTensor;
  /** As the policy's distribution takes them. */
  readonly actions: HostTensor;
  /** `[B, choices]` */
  readonly masks: HostTensor | undefined;
  /** The rest `[B]`: of the policy that acted, and of its critic. */
  readonly logProbs: HostTensor;
  readonly values: HostTensor;
  readonly advantages: HostTensor;
  readonly returns: HostTensor;
}

/** Rows of your choice, or all of them; copies, which may be changed. */
export function rowsOf(batch: RolloutBatch, policy: Policy, { rows = everyRow(batch.size) }: { rows?: Int32Array } = {}): RolloutRows {
  const table = (data: Float32Array | Uint8Array): Float32Array => gatherRows(data, rows, { width: data.length / batch.size });
  const column = (data: Float64Array): HostTensor => hostTensor(gatherRows(data, rows, { width: 1 }), [rows.length]);
  const wide = (data: Float32Array | Uint8Array): HostTensor => hostTensor(table(data), [rows.length, data.length / batch.size]);
  return {
    observations: wide(batch.observations),
    actions: policy.upload(table(batch.actions)),
    masks: batch.masks && wide(batch.masks),
    logProbs: column(batch.logProbs),
    values: column(batch.values),
    advantages: column(batch.advantages),
    returns: column(batch.returns),
  };
}

function everyRow(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, row) => row);
}

/** Chosen rows of a row-major array. */
export function gatherRows(
  data: Float32Array | Float64Array | Uint8Array,
  rows: ArrayLike<number>,
  { width }: { width: number },
): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    for (let j = 0; j < width; j++) out[i * width + j] = data[from + j]!;
  }
  return out;
}
