/** What is claimed of @dl/rl's speed: the same work here and in Python, on one thread each. */

import type { Parameters } from "../workload.ts";

export interface Claim {
  readonly name: string;
  readonly title: string;
  readonly workload: "ppo" | "sac" | "vector";
  readonly parameters: Parameters;
  /** What a call comes to. */
  readonly amount: number;
  readonly unit: "environment steps" | "updates";
  readonly peer: "PyTorch" | "Gymnasium";
  /** Times as fast as the peer, at least. Undefined: told, not promised. */
  readonly floor?: number;
}

const ppo = (name: string, title: string, { floor, ...parameters }: Parameters & { floor?: number }): Claim => ({
  name: `ppo-${name}`,
  title: `PPO on CartPole-v1, ${title}`,
  workload: "ppo",
  parameters,
  amount: parameters.copies! * parameters.rollout!,
  unit: "environment steps",
  peer: "PyTorch",
  ...(floor !== undefined && { floor }),
});

const sac = (title: string, { floor, ...parameters }: Parameters & { floor?: number }): Claim => ({
  name: `sac-${parameters.width}`,
  title: `SAC's gradient step, batch 256, ${title}`,
  workload: "sac",
  parameters: { batch: 256, ...parameters },
  amount: 1,
  unit: "updates",
  peer: "PyTorch",
  ...(floor !== undefined && { floor }),
});

const vector = (copies: number): Claim => ({
  name: `vector-${copies}`,
  title: `CartPole-v1 alone, ${copies} copies`,
  workload: "vector",
  parameters: { copies, steps: Math.ceil(16_384 / copies) },
  amount: copies * Math.ceil(16_384 / copies),
  unit: "environment steps",
  peer: "Gymnasium",
  floor: 20,
});

export const claims: readonly Claim[] = [
  ppo("cleanrl", "CleanRL's settings: 4 copies, 128 steps, 4 epochs of batches of 128", {
    copies: 4,
    rollout: 128,
    batch: 128,
    epochs: 4,
    floor: 5,
  }),
  ppo("zoo", "the Zoo's: 8 copies, 32 steps, 20 epochs of batches of 256", { copies: 8, rollout: 32, batch: 256, epochs: 20 }),
  sac("two layers of 64 (Pendulum)", { width: 64, observation: 3, action: 1, floor: 2 }),
  // Stable-Baselines3's default. Nearly all of it is products of 256 × 256 matrices: `pnpm bench --only matmul` says what those cost.
  sac("two layers of 256, SB3's default (HalfCheetah)", { width: 256, observation: 17, action: 6 }),
  vector(8),
  vector(1024),
];
