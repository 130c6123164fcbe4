import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { checkEnvironment } from "../check-environment.ts";
import { rasterize } from "../drawing/rasterize.ts";
import { bipedalWalker } from "./bipedal-walker.ts";
import { makeTerrain, terrainHeight, terrainStep } from "./walker-terrain.ts";

/** The gait that Gymnasium demonstrates its walker with: stand on one leg and swing the other, put it down, push off. */
function gait(): (seen: ArrayLike<number>) => Float32Array {
  let phase: "swing" | "put down" | "push off" = "swing";
  let moving = 0;
  let bent = 0.1;
  return (s) => {
    const standing = 1 - moving;
    const [swung, stood] = [4 + 5 * moving, 4 + 5 * standing];
    const hip: (number | undefined)[] = [undefined, undefined];
    const knee: (number | undefined)[] = [undefined, undefined];
    if (phase === "swing") {
      hip[moving] = 1.1;
      knee[moving] = -0.6;
      bent = Math.min(bent + (s[2]! > 0.29 ? 0.06 : 0.03), 0.1);
      knee[standing] = bent;
      if (s[stood]! < 0.1) phase = "put down";
    }
    if (phase === "put down") {
      hip[moving] = 0.1;
      knee[moving] = 0.1;
      knee[standing] = bent;
      if (s[swung + 4] === 1) {
        phase = "push off";
        bent = Math.min(s[swung + 2]!, 0.1);
      }
    }
    if (phase === "push off") {
      knee[moving] = bent;
      knee[standing] = 1;
      if (s[stood + 2]! > 0.88 || s[2]! > 1.2 * 0.29) {
        phase = "swing";
        moving = standing;
      }
    }
    const upright = -0.9 * (0 - s[0]!) + 1.5 * s[1]!;
    return Float32Array.from([0, 1, 2, 3], (i) => {
      const side = i >> 1;
      const at = 4 + 5 * side;
      const [hipGoal, kneeGoal] = [hip[side], knee[side]];
      const turn =
        i % 2 === 0
          ? (hipGoal ? 0.9 * (hipGoal - s[at]!) - 0.25 * s[at + 1]! : 0) + upright
          : (kneeGoal ? 4 * (kneeGoal - s[at + 2]!) - 0.25 * s[at + 3]! : 0) - 15 * s[3]!;
      return Math.min(Math.max(0.5 * turn, -1), 1);
    });
  };
}

test("the gait that Gymnasium demonstrates its walker with walks here too", () => {
  const world = bipedalWalker({ maxSteps: 300 });
  const choose = gait();
  world.reset(new Rng(1));
  let action = new Float32Array(4);
  let sum = 0;
  for (let steps = 1; ; steps++) {
    const step = world.step(action);
    sum += step.reward;
    action = choose(step.observation) as Float32Array<ArrayBuffer>;
    if (!step.terminated && !step.truncated) continue;
    expect([steps, step.terminated]).toEqual([300, false]);
    break;
  }
  // A fifth of the time, and of the 316 that this course earns in 1527 steps.
  expect(sum).toBeGreaterThan(40);
});

test("at the start it stands: rays fall on level ground, farther the flatter they are", () => {
  const world = bipedalWalker();
  const { observation } = world.reset(new Rng(1));
  const lidar = [...observation.subarray(14)];
  // Straight down from the hull: 2 · 34/30 above the ground, of 160/30.
  expect(lidar[0]).toBeCloseTo((2 * 34) / 160, 1);
  for (let i = 1; i < 8; i++) expect(lidar[i]).toBeCloseTo(lidar[0]! / Math.cos(0.15 * i), 2);
  expect(lidar[9]).toBe(1);
  expect(observation).toHaveLength(24);
});

test("hips and knees turn the way they are told, and torque costs", () => {
  const after = (action: number[]): { observation: Float32Array; sum: number } => {
    const world = bipedalWalker();
    world.reset(new Rng(3));
    let sum = 0;
    let observation = new Float32Array(24);
    for (let t = 0; t < 4; t++) {
      const step = world.step(Float32Array.from(action));
      observation = step.observation as Float32Array<ArrayBuffer>;
      sum += step.reward;
    }
    return { observation, sum };
  };
  const idle = after([0, 0, 0, 0]).observation;
  expect(after([1, 0, 0, 0]).observation[4]! - idle[4]!).toBeGreaterThan(0.05);
  expect(after([-1, 0, 0, 0]).observation[4]! - idle[4]!).toBeLessThan(-0.05);
  expect(after([0, 0, 1, 0]).observation[9]! - idle[9]!).toBeGreaterThan(0.05);
  expect(after([0, 1, 0, 0]).observation[6]).toBeGreaterThan(after([0, -1, 0, 0]).observation[6]!);
  // Beyond the bounds a motor gives no more, and costs no more.
  expect(after([9, 0, 0, 0]).observation).toEqual(after([1, 0, 0, 0]).observation);
  expect(after([9, 0, 0, 0]).sum).toBe(after([1, 0, 0, 0]).sum);
});

test("limp, it falls for −100 at the end", () => {
  const world = bipedalWalker();
  world.reset(new Rng(1));
  for (let t = 0; ; t++) {
    const step = world.step(Float32Array.of(0.3, -0.5, 0, 0));
    if (!step.terminated) {
      expect(t).toBeLessThan(600);
      continue;
    }
    expect(step.reward).toBe(-100);
    break;
  }
});

test("hills are gentle, and the hard course has stumps, pits and stairs whose surface the line follows", () => {
  const easy = makeTerrain(new Rng(5), { hardcore: false });
  expect(easy.obstacles).toEqual([]);
  expect(easy.line).toHaveLength(200);
  expect(easy.line.slice(0, 20).every(([, y]) => Math.abs(y - terrainHeight) < 0.1)).toBe(true);
  expect(easy.line.every(([, y]) => Math.abs(y - terrainHeight) < 3)).toBe(true);
  const hard = makeTerrain(new Rng(5), { hardcore: true });
  expect(hard.obstacles.length).toBeGreaterThan(10);
  const drops = hard.line.slice(1).map(([, y], i) => y - hard.line[i]![1]);
  expect(Math.min(...drops)).toBeCloseTo(-4 * terrainStep, 1); // into a pit
  expect(Math.max(...drops)).toBeCloseTo(4 * terrainStep, 1); // and out of it
});

test("both kinds pass the checker and can be drawn", () => {
  for (const hardcore of [false, true]) {
    const world = bipedalWalker({ hardcore });
    expect(checkEnvironment(world, { rng: new Rng(4), steps: 150 })).toEqual([]);
    expect(rasterize(world.draw!(), { width: 60 }).height).toBe(40);
    expect(() => world.step(Float32Array.of(0, 0, Number.NaN, 0))).toThrow("step: expected an action in Box");
  }
  expect(() => bipedalWalker().step(new Float32Array(4))).toThrow("BipedalWalker-v3: step: expected reset before the first step");
});

test("every episode has another course, and the same generator the same ones", () => {
  const courses = (rng: Rng): number[][] => {
    const world = bipedalWalker({ hardcore: true });
    return [1, 2].map(() => {
      world.reset(rng);
      const stones = world.draw!().shapes.flatMap((shape) =>
        shape.kind === "polygon" && shape.fill === "#ffffff" ? [shape.points[0]![0]] : [],
      );
      // Counted from the first, wherever the walker stands.
      return stones.map((x) => Math.round(x - stones[0]!));
    });
  };
  const [first, second] = courses(new Rng(5));
  expect(first!.length).toBeGreaterThan(10);
  expect(first).not.toEqual(second);
  expect(courses(new Rng(5))).toEqual([first, second]);
});
