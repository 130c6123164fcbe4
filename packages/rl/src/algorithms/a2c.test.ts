import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { readState } from "@dl/nn";
import { afterAll, expect, test } from "vitest";
import { bandit } from "../environments/bandit.ts";
import { learn } from "../learn.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { A2c } from "./a2c.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

test.each(["rmsprop", "adam"] as const)("where only noise is left to learn from, %s makes no steps of it", async (optimizer) => {
  const still: System = {
    ...(bandit({ means: [0, 0] }) as System),
    advance(_state, _at, move) {
      move.reward = 1e-4 * move.rng.normal([1]).data[0]!;
      move.terminated = false;
    },
  };
  const environments = systemCopies(still, { count: 4 });
  using agent = new A2c({ environments, device, rng: new Rng(1), hidden: [], optimizer, learningRate: 1e-3, totalSteps: 2000 });
  // The critic's first values are something to learn: it is told that all is worth nothing.
  for (const parameter of agent.model.critic.parameters())
    parameter.load({ shape: parameter.shape, dtype: "float32", data: new Float32Array(parameter.shape.reduce((a, b) => a * b, 1)) });
  const before = await readState(agent.model.policy);
  await learn(agent);
  expect(agent.updates).toBe(100);
  // A hundred whole steps of 10⁻³ would be 0.1.
  for (const [path, { data }] of await readState(agent.model.policy))
    for (const [i, value] of data.entries()) expect(Math.abs(value - before.get(path)!.data[i]!)).toBeLessThan(0.002);
});
