import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { box2dTasks } from "../box2d/tasks.ts";
import { ppoCartPole } from "./cart-pole.ts";
import { tasks } from "./index.ts";
import { prepare, type Task } from "./task.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

test.each([...tasks, ...box2dTasks].map((task) => [task.name, task] as const))(
  "%s acts in worlds for evaluation, and in one that can be drawn",
  async (name, task) => {
    const prepared = prepare(task, { device, rng: new Rng(1), steps: 1000 });
    using agent = prepared.algorithm;
    const { world, environments } = prepared.watch();
    for (const worlds of [prepared.evaluation(2), environments]) {
      const rng = new Rng(2);
      const observations = await worlds.reset(rng);
      const starts = new Uint8Array(worlds.count).fill(1);
      const { rewards } = await worlds.step(await agent.act(observations, { rng, masks: worlds.actionMasks?.(), starts }));
      expect(rewards).toHaveLength(worlds.count);
    }
    expect(world.draw?.().shapes.length).toBeGreaterThan(0);
    expect(name).toMatch(/^(ppo|dqn|a2c|reinforce|trpo|sac|td3|ddpg|recurrent-ppo|q)-[a-z-]+$/);
  },
);

test("no two tasks have a name in common", () => {
  const names = [...tasks, ...box2dTasks].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("evaluation sees observations cut off where training does", async () => {
  const task: Task = { ...ppoCartPole, normalize: { clip: 0.5 } };
  const prepared = prepare(task, { device, rng: new Rng(1), steps: 1000 });
  using agent = prepared.algorithm;
  for (const worlds of [agent.environments, prepared.evaluation(2)]) expect(String(worlds.observationSpace)).toBe("Box([4], -0.5 to 0.5)");
});
