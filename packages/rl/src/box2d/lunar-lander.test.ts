import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { checkEnvironment } from "../check-environment.ts";
import { rasterize } from "../drawing/rasterize.ts";
import { lunarLander, lunarLanderContinuous } from "./lunar-lander.ts";

/** The rule that Gymnasium demonstrates the lander with: lean towards the pad, and hold a height that grows with the distance. */
function pilot([x, y, vx, vy, angle, spin, left, right]: ArrayLike<number> & Iterable<number>): readonly [number, number] {
  const lean = Math.min(Math.max(x! * 0.5 + vx!, -0.4), 0.4);
  const turn = left || right ? 0 : (lean - angle!) * 0.5 - spin!;
  const lift = left || right ? -vy! * 0.5 : (0.55 * Math.abs(x!) - y!) * 0.5 - vy! * 0.5;
  return [lift, turn];
}

test("the pilot that Gymnasium demonstrates its lander with lands this one too", () => {
  const rng = new Rng(1);
  const returns = Array.from({ length: 12 }, () => {
    const world = lunarLander();
    let { observation } = world.reset(rng);
    for (let sum = 0; ; ) {
      const [lift, turn] = pilot(observation as unknown as number[]);
      const action = lift > Math.abs(turn) && lift > 0.05 ? 2 : turn < -0.05 ? 3 : turn > 0.05 ? 1 : 0;
      const step = world.step(action);
      observation = step.observation;
      sum += step.reward;
      if (step.terminated || step.truncated) return sum;
    }
  });
  // 200 counts as solved; a mean of twelve may fall a little short of it by chance.
  expect(returns.reduce((a, b) => a + b) / returns.length).toBeGreaterThan(190);
});

test("doing nothing falls and crashes for −100 at the end", () => {
  const world = lunarLander();
  world.reset(new Rng(2));
  for (let t = 0; ; t++) {
    const step = world.step(0);
    if (!step.terminated) continue;
    expect(step.reward).toBe(-100);
    expect(t).toBeGreaterThan(40);
    expect(t).toBeLessThan(200);
    break;
  }
});

test("the main engine lifts, and side engines turn against each other", () => {
  const after = (action: Float32Array): Float32Array => {
    const world = lunarLanderContinuous();
    world.reset(new Rng(3));
    let observation = new Float32Array(8);
    for (let t = 0; t < 10; t++) observation = world.step(action).observation as Float32Array<ArrayBuffer>;
    return observation;
  };
  const idle = after(Float32Array.of(0, 0));
  expect(after(Float32Array.of(1, 0))[3]! - idle[3]!).toBeGreaterThan(0.3);
  expect(after(Float32Array.of(0.01, 0))[3]!).toBeGreaterThan(idle[3]!);
  expect(after(Float32Array.of(-1, 0.4))).toEqual(idle);
  expect(after(Float32Array.of(0, 1))[5]! - idle[5]!).toBeLessThan(-0.05);
  expect(after(Float32Array.of(0, -1))[5]! - idle[5]!).toBeGreaterThan(0.05);
});

test("both kinds pass the checker, also in the wind, and can be drawn", () => {
  const rng = new Rng(4);
  expect(checkEnvironment(lunarLander(), { rng, steps: 200 })).toEqual([]);
  expect(checkEnvironment(lunarLanderContinuous({ wind: { power: 15, turbulence: 1.5 } }), { rng, steps: 200 })).toEqual([]);
  const world = lunarLander();
  world.reset(rng);
  world.step(2);
  expect(rasterize(world.draw!(), { width: 60 }).height).toBe(40);
  expect(() => lunarLander({ gravity: 1 })).toThrow("expected a gravity between −12 and 0, got 1");
  expect(() => world.step(4)).toThrow("LunarLander-v3: step: expected an action in Discrete(4), got 4");
});
