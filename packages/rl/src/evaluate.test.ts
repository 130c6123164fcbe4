import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import type { Environment } from "./environment.ts";
import { type Actor, evaluatePolicy } from "./evaluate.ts";
import { Box } from "./spaces/box.ts";
import { environmentCopies } from "./vector/copies.ts";

/** A reward a step, for `length` steps. */
function corridor(length: number): Environment<Float32Array, Float32Array> {
  let t = 0;
  return {
    name: "Corridor",
    observationSpace: new Box({ shape: [1], low: 0, high: Infinity }),
    actionSpace: new Box({ shape: [1], low: -1, high: 1 }),
    reset() {
      t = 0;
      return { observation: Float32Array.of(0), info: {} };
    },
    step() {
      t++;
      return { observation: Float32Array.of(t), reward: 1, terminated: t === length, truncated: false, info: {} };
    },
  };
}
const idle: Actor = { act: (observations) => new Float32Array(observations.length) };

test("each copy plays as many episodes: short ones count no more than long ones", async () => {
  const environments = environmentCopies([corridor(2), corridor(6)]);
  const { mean, std, lengths } = await evaluatePolicy(idle, { environments, rng: new Rng(1), episodes: 4 });
  expect(lengths.toSorted()).toEqual([2, 2, 6, 6]);
  expect(mean).toBe(4);
  expect(std).toBeCloseTo(Math.sqrt(16 / 3), 12);
});

test("the host has its turns meanwhile: a timer can abort it", async () => {
  const environments = environmentCopies([corridor(1e6)]);
  await expect(evaluatePolicy(idle, { environments, rng: new Rng(1), signal: AbortSignal.timeout(1) })).rejects.toThrow(/timeout/);
});

test("an environment without an end is told, and not waited for", async () => {
  const endless = evaluatePolicy(idle, { environments: environmentCopies([corridor(Infinity)]), rng: new Rng(1), episodes: 1 });
  await expect(endless).rejects.toThrow(/expected episodes that end, got none in 100000 steps of Corridor\. End them with timeLimit/);
  await expect(evaluatePolicy(idle, { environments: environmentCopies([corridor(1)]), rng: new Rng(1), episodes: 0 })).rejects.toThrow(
    /whole number of episodes ≥ 1, got 0/,
  );
});

test("an agent is not measured where it trains: it would go on from episodes that are no more", async () => {
  const environments = environmentCopies([corridor(2)]);
  const measured = evaluatePolicy({ ...idle, environments } as Actor, { environments, rng: new Rng(1), episodes: 1 });
  await expect(measured).rejects.toThrow("expected other environments than those the agent trains in, got the same 1 of Corridor");
});
