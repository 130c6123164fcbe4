import { wasm } from "@dl/backend-wasm";
import { openDevice, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { Ppo } from "../algorithms/ppo.ts";
import { checkEnvironment } from "../check-environment.ts";
import { rasterize } from "../drawing/rasterize.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { learn } from "../learn.ts";
import { environmentOf, type System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { brickGame } from "./brick-game.ts";
import { catchGame } from "./catch.ts";
import { drivingTrack } from "./driving-track.ts";

test.each([catchGame(), brickGame(), drivingTrack()].map((system) => [system.name, system as System] as const))(
  "%s passes the checker and can be drawn",
  (_, system) => {
    const world = environmentOf(system);
    expect(checkEnvironment(world, { rng: new Rng(1), steps: 400, twin: environmentOf(system) })).toEqual([]);
    expect(rasterize(world.draw!(), { width: 40 }).width).toBe(40);
  },
);

test("the ball falls a row a step, and is caught or missed at the last", () => {
  const world = environmentOf(catchGame({ rows: 4, columns: 3 }));
  expect([...world.reset(new Rng(1), { state: [0, 0, 1] }).observation]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  expect([...world.step(0).observation]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]);
  world.step(1);
  expect(world.step(1)).toMatchObject({ reward: 1, terminated: true });
  world.reset(new Rng(1), { state: [0, 2, 2] });
  expect(world.step(1)).toMatchObject({ reward: -1, terminated: true });
});

test("a paddle under the ball keeps the game going, brick by brick", () => {
  const world = environmentOf(brickGame());
  world.reset(new Rng(2));
  let bricks = 0;
  for (let t = 0; t < 300; t++) {
    // Go to where the ball will be one step before it lands.
    const [, column, down, right] = world.state as unknown as [number, number, number, number];
    const target = Math.min(Math.max(down > 0 ? column + right : column, 0), 9);
    const paddle = world.state[4]!;
    const step = world.step(paddle < target ? 2 : paddle > target ? 1 : 0);
    bricks += step.reward;
    expect(step.terminated).toBe(false);
  }
  expect(bricks).toBeGreaterThan(10);
});

test("a convolution learns to catch from pixels", async () => {
  // Convolutions of 16 filters are too much for the plain device of other tests.
  await using device = await openDevice(wasm({ threads: 1 }));
  const rng = new Rng(1);
  const worlds = (count: number) => systemCopies(catchGame({ rows: 5, columns: 5 }) as System, { count });
  using agent = new Ppo({
    environments: worlds(16),
    device,
    rng,
    hidden: [32],
    rolloutSteps: 16,
    batchSize: 64,
    learningRate: 3e-3,
    totalSteps: 6000,
  });
  await learn(agent, { stopAtReturn: 0.9 });
  expect((await evaluatePolicy(agent, { environments: worlds(10), rng, episodes: 50 })).mean).toBeGreaterThan(0.8);
});

test("a driver who keeps to the middle goes round, and one who does not is out", () => {
  const drive = (steer: (rays: Float32Array) => number): { sum: number; steps: number } => {
    const world = environmentOf(drivingTrack());
    let { observation } = world.reset(new Rng(3));
    let sum = 0;
    for (let steps = 1; ; steps++) {
      const step = world.step(Float32Array.of(steer(observation), observation[7]! < 0.4 ? 1 : -1));
      sum += step.reward;
      observation = step.observation;
      if (step.terminated || step.truncated) return { sum, steps };
    }
  };
  // Rays from right to left: steer to the side that sees farther.
  const careful = drive((rays) => 2 * (rays[4]! + rays[5]! - rays[1]! - rays[2]!));
  expect(careful.steps).toBe(500);
  expect(careful.sum).toBeGreaterThan(30);
  const careless = drive(() => 0);
  expect(careless.steps).toBeLessThan(200);
  expect(careless.sum).toBeLessThan(careful.sum / 2);
});
