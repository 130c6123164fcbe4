/** Our side of the claims. */

import { type Device, Rng } from "@dl/core";
import { Box, cartPole, Ppo, Sac, systemCopies, type VectorEnvironment } from "@dl/rl";
import { type Parameters, timed, timedSync, type Workload } from "../workload.ts";
import type { Claim } from "./claims.ts";

type Prepare = (device: Device, parameters: Parameters) => Workload;

/** Rounds of acting and learning, with everything that is logged. */
const ppo: Prepare = (device, { copies, rollout, batch, epochs }) => {
  const agent = new Ppo({
    environments: systemCopies(cartPole(), { count: copies! }),
    device,
    rng: new Rng(1),
    totalSteps: 1e9,
    rolloutSteps: rollout!,
    batchSize: batch!,
    epochs: epochs!,
    valueClip: 0.2,
    entropyWeight: 0.01,
    learningRate: 2.5e-4,
  });
  return { check: [], run: timed(() => agent.iterate(() => {})) };
};

/** Drawing a batch and learning from it. */
const sac: Prepare = (device, { width, batch, observation, action }) => {
  const never = (): never => {
    throw new Error("sac: expected updates only, got a step.");
  };
  const environments: VectorEnvironment = {
    name: "none",
    count: 1,
    observationSpace: new Box({ shape: [observation!], low: -Infinity, high: Infinity }),
    actionSpace: new Box({ shape: [action!], low: -1, high: 1 }),
    reset: never,
    step: never,
  };
  const rng = new Rng(1);
  const agent = new Sac({ environments, device, rng, hidden: [width!, width!], batchSize: batch!, totalSteps: 10_000 });
  for (let i = 0; i < 10_000; i++) {
    agent.buffer.add({
      observation: rng.normal([observation!]).data,
      action: rng.uniform([action!], -1, 1).data,
      reward: rng.float(),
      nextObservation: rng.normal([observation!]).data,
      discount: 0.99,
    });
  }
  return { check: [], run: timed(() => agent.update(agent.buffer.sample(rng, batch!))) };
};

/** Steps of many environments, without an agent. */
const vector: Prepare = (_device, { copies, steps }) => {
  const worlds = systemCopies(cartPole(), { count: copies! });
  worlds.reset(new Rng(1));
  const actions = Float32Array.from({ length: copies! }, (_, i) => i % 2);
  const play = (): void => {
    for (let t = 0; t < steps!; t++) worlds.step(actions);
  };
  return { check: [], run: timedSync(play, { calls: 1 }) };
};

export const workloads: Readonly<Record<Claim["workload"], Prepare>> = { ppo, sac, vector };
