import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { bandit } from "../environments/bandit.ts";
import type { PrioritizedReplay } from "../replay/prioritized-replay.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { Dqn } from "./dqn.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

test("what was more surprising is drawn more often, in proportion to the error and not to its square", async () => {
  const environments = systemCopies(bandit({ means: [0, 1] }) as System, { count: 1 });
  using agent = new Dqn({ environments, device, rng: new Rng(1), hidden: [], prioritized: { alpha: 1 }, totalSteps: 100 });
  const [layer] = agent.network.network.mlp.layers;
  layer!.weight.load(hostTensor(new Float32Array(2), [1, 2]));
  for (const reward of [0.1, 0.5, 3]) agent.buffer.add({ observation: [0], action: [0], reward, nextObservation: [0], discount: 0 });
  const bias = (await layer!.bias!.read()).data[0]!;
  await agent.update((agent.buffer as PrioritizedReplay).buffer.at(Int32Array.of(0, 1, 2)));
  const priorities = [...agent.buffer.save().get("priorities")!.data];
  for (const [i, reward] of [0.1, 0.5, 3].entries()) expect(priorities[i]).toBeCloseTo(Math.abs(reward - bias) + 1e-6, 5);
});

test("of atoms, the surprise is the divergence: none where the goal is met, however uncertain it is", async () => {
  const environments = systemCopies(bandit({ means: [0, 1] }) as System, { count: 1 });
  const returns = { kind: "atoms", low: 0, high: 1, count: 2 } as const;
  using agent = new Dqn({ environments, device, rng: new Rng(1), hidden: [], returns, prioritized: { alpha: 1 }, totalSteps: 100 });
  const [layer] = agent.network.network.mlp.layers;
  layer!.weight.load(hostTensor(new Float32Array(4), [1, 4]));
  layer!.bias!.load(hostTensor(new Float32Array(4), [4]));
  // A reward of 0.5 lies half way between both atoms, and so does the prediction; of 1, the goal is certain: log 2 away.
  for (const reward of [0.5, 1]) agent.buffer.add({ observation: [0], action: [0], reward, nextObservation: [0], discount: 0 });
  await agent.update((agent.buffer as PrioritizedReplay).buffer.at(Int32Array.of(0, 1)));
  const priorities = agent.buffer.save().get("priorities")!.data;
  expect(priorities[0]).toBeCloseTo(1e-6, 6);
  expect(priorities[1]).toBeCloseTo(Math.log(2), 5);
});
