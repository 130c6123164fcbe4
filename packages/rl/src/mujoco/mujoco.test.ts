import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { checkEnvironment } from "../check-environment.ts";
import { rasterize } from "../drawing/rasterize.ts";
import type { Environment } from "../environment.ts";
import { readFixture, type Trajectory } from "../environments/trajectory-fixture.ts";
import { environmentCopies } from "../vector/copies.ts";
import { halfCheetah } from "./half-cheetah.ts";
import { hopper } from "./hopper.ts";
import { loadMujoco } from "./mujoco-module.ts";
import { walker2d } from "./walker2d.ts";

const mujoco = await loadMujoco();
const robots = [halfCheetah, hopper, walker2d].map((make) => [make(mujoco).name, () => make(mujoco)] as const);

test.each(robots)("%s goes where Gymnasium's goes", (name, make) => {
  const world = make();
  const worst = { steps: 0, state: 0, observation: 0, reward: 0 };
  const miss = (key: "state" | "observation" | "reward", actual: number, expected: number): void => {
    worst[key] = Math.max(worst[key], Math.abs(actual - expected) / (1 + Math.abs(expected)));
  };
  for (const run of readFixture<Trajectory<number[]>[]>(name)) {
    world.reset(new Rng(0), { state: run.state0 });
    for (const [t, action] of run.actions.entries()) {
      const { observation, reward, terminated, info } = world.step(Float32Array.from(action));
      worst.steps++;
      for (const [i, value] of run.states[t]!.entries()) miss("state", (info.state as number[])[i]!, value);
      for (const [i, value] of run.observations[t]!.entries()) miss("observation", observation[i]!, value);
      miss("reward", reward, run.rewards[t]!);
      expect(terminated).toBe(run.terminated[t]);
    }
  }
  world.close!();
  expect(worst.steps).toBeGreaterThan(40);
  expect(worst.state).toBeLessThan(1e-8);
  expect(worst.reward).toBeLessThan(1e-8);
  expect(worst.observation).toBeLessThan(1e-6);
});

test.each(robots)("%s passes the checker, can be drawn, and is closed once", (name, make) => {
  const world = make() as Environment;
  expect(checkEnvironment(world, { rng: new Rng(1), steps: 60 })).toEqual([]);
  const picture = rasterize(world.draw!(), { width: 60 });
  expect([picture.width, picture.height]).toEqual([60, 36]);
  expect(() => world.reset(new Rng(1), { state: [1, 2] })).toThrow(`${name}: reset: expected`);
  expect(() => world.step(Float32Array.of(Number.NaN))).toThrow(`${name}: step: expected an action in Box`);
  world.close!();
  world.close!();
  expect(() => world.step(new Float32Array(6))).toThrow(`${name}: step: expected an open environment`);
});

test("a robot without its environment's first reset does not move, and a time limit truncates", () => {
  const world = hopper(mujoco, { maxSteps: 2 });
  expect(() => world.step(new Float32Array(3))).toThrow("expected reset before the first step");
  world.reset(new Rng(1));
  expect(world.step(new Float32Array(3)).truncated).toBe(false);
  expect(world.step(new Float32Array(3))).toMatchObject({ truncated: true, terminated: false });
  world.close!();
});

test("copies of one module are worlds of their own", () => {
  const worlds = environmentCopies([halfCheetah(mujoco), halfCheetah(mujoco)]);
  worlds.reset(new Rng(1));
  const actions = new Float32Array(12).fill(1, 6);
  for (let t = 0; t < 5; t++) worlds.step(actions);
  const { rewards } = worlds.step(actions);
  // The second pays for its torque, and moves otherwise.
  expect(Math.abs(rewards[0]! - rewards[1]!)).toBeGreaterThan(0.1);
  worlds.close();
});
