import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import type { VectorStep } from "../vector/vector-environment.ts";
import { NStep } from "./n-step.ts";
import { PrioritizedReplay } from "./prioritized-replay.ts";
import { ReplayBuffer, type Transition } from "./replay-buffer.ts";
import { SumTree } from "./sum-tree.ts";

const transition = (i: number): Transition => ({
  observation: [i, i],
  action: [i],
  reward: i,
  nextObservation: [i + 1, i + 1],
  discount: 0.9,
});
const sizes = { observationSize: 2, actionSize: 1 };

test("a full buffer forgets the oldest first", () => {
  const buffer = new ReplayBuffer({ capacity: 3, ...sizes });
  for (let i = 0; i < 5; i++) buffer.add(transition(i));
  expect(buffer.length).toBe(3);
  expect([...buffer.at(Int32Array.of(0, 1, 2)).rewards.data]).toEqual([3, 4, 2]);
  expect(() => new ReplayBuffer({ capacity: 1, ...sizes }).sample(new Rng(1), 1)).toThrow("expected at least one transition");
  const empty = new PrioritizedReplay({ capacity: 1, ...sizes });
  expect(() => empty.sample(new Rng(1), { count: 1, beta: 1 })).toThrow("PrioritizedReplay.sample: expected at least one transition");
});

test("a batch holds what belongs together, drawn evenly", () => {
  const buffer = new ReplayBuffer({ capacity: 10, ...sizes });
  for (let i = 0; i < 10; i++) buffer.add(transition(i));
  const { observations, actions, rewards, nextObservations, discounts } = buffer.sample(new Rng(2), 5000);
  expect(observations.shape).toEqual([5000, 2]);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 5000; i++) {
    const r = rewards.data[i]!;
    counts[r]!++;
    expect([observations.data[2 * i + 1], actions.data[i], nextObservations.data[2 * i]]).toEqual([r, r, r + 1]);
  }
  expect(discounts.data[0]).toBeCloseTo(0.9, 6);
  // Five standard deviations of 500.
  for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(107);
});

test("a saved buffer is the same buffer", () => {
  const buffer = new ReplayBuffer({ capacity: 4, ...sizes });
  for (let i = 0; i < 6; i++) buffer.add(transition(i));
  const copy = new ReplayBuffer({ capacity: 4, ...sizes });
  copy.restore(buffer.save());
  buffer.add(transition(6));
  copy.add(transition(6));
  expect(copy.sample(new Rng(1), 8)).toEqual(buffer.sample(new Rng(1), 8));
  expect(() => new ReplayBuffer({ capacity: 4, observationSize: 3, actionSize: 1 }).restore(buffer.save())).toThrow(
    "expected 12 numbers of observations, got 8",
  );
});

test("a sum tree finds the leaf where the running sum passes the target", () => {
  const tree = new SumTree(5);
  for (const [i, value] of [2, 0, 3, 1, 4].entries()) tree.set(i, value);
  expect(tree.total).toBe(10);
  expect([0, 1.9, 2, 4.9, 5, 5.9, 6, 9.99].map((target) => tree.find(target))).toEqual([0, 0, 2, 2, 3, 3, 4, 4]);
  tree.set(0, 0);
  expect(tree.find(0)).toBe(2);
});

test("steps are drawn in proportion to their priority, and weighted back", () => {
  const replay = new PrioritizedReplay({ capacity: 4, ...sizes, exponent: 1 });
  for (let i = 0; i < 4; i++) replay.add(transition(i));
  replay.update(Int32Array.of(0, 1, 2, 3), [1, 1, 2, 4]);
  const { places, weights } = replay.sample(new Rng(3), { count: 8000, beta: 1 });
  const counts = [0, 0, 0, 0];
  for (const place of places) counts[place]!++;
  // Drawn from equal parts of the total, counts hardly vary.
  for (const [i, share] of [1, 1, 2, 4].entries()) expect(Math.abs(counts[i]! - share * 1000)).toBeLessThan(5);
  const weightOf = (place: number): number => weights.data[places.indexOf(place)]!;
  expect(weightOf(0)).toBe(1);
  expect(weightOf(3)).toBeCloseTo(0.25, 5);
  const copy = new PrioritizedReplay({ capacity: 4, ...sizes, exponent: 1 });
  copy.restore(replay.save());
  expect(copy.sample(new Rng(4), { count: 5, beta: 0.5 })).toEqual(replay.sample(new Rng(4), { count: 5, beta: 0.5 }));
});

test("n steps become one, fewer at the end, and a cut-off end is still worth something", () => {
  const handed: Transition[] = [];
  const kept = new NStep({
    steps: 3,
    discount: 0.5,
    copies: 1,
    hand: (item) => handed.push({ ...item, nextObservation: [...(item.nextObservation as Float32Array)] }),
  });
  const step = (t: number, end: "terminated" | "truncated" | undefined): void => {
    const result: VectorStep = {
      observations: Float32Array.of(0),
      nextObservations: Float32Array.of(t + 1),
      rewards: Float64Array.of(8),
      terminated: Uint8Array.of(end === "terminated" ? 1 : 0),
      truncated: Uint8Array.of(end === "truncated" ? 1 : 0),
      episodes: [],
    };
    kept.add({ observations: Float32Array.of(t), actions: Float32Array.of(10 + t) }, result);
  };
  for (let t = 0; t < 4; t++) step(t, t === 3 ? "terminated" : undefined);
  const told = handed.map(({ observation, action, reward, nextObservation, discount }) => [
    observation[0],
    action[0],
    reward,
    nextObservation[0],
    discount,
  ]);
  expect(told).toEqual([
    [0, 10, 14, 3, 0.125],
    [1, 11, 14, 4, 0],
    [2, 12, 12, 4, 0],
    [3, 13, 8, 4, 0],
  ]);
  handed.length = 0;
  step(0, undefined);
  step(1, "truncated");
  expect(handed.map(({ reward, discount }) => [reward, discount])).toEqual([
    [12, 0.25],
    [8, 0.5],
  ]);
});

test("a full buffer goes on in a larger one: nothing is lost, and the oldest is first", () => {
  const small = new PrioritizedReplay({ capacity: 4, ...sizes, exponent: 1 });
  for (let i = 0; i < 6; i++) small.add(transition(i));
  small.update(Int32Array.of(0, 1, 2, 3), [14, 15, 12, 13]);
  const large = new PrioritizedReplay({ capacity: 6, ...sizes, exponent: 1 });
  large.restore(small.save());
  expect([...large.buffer.at(Int32Array.of(0, 1, 2, 3)).rewards.data]).toEqual([2, 3, 4, 5]);
  for (const [place, priority] of [12, 13, 14, 15].entries()) expect(large.save().get("priorities")!.data[place]).toBeCloseTo(priority, 4);
  for (let i = 6; i < 9; i++) large.add(transition(i));
  expect([...large.buffer.at(Int32Array.of(0, 1, 2, 3, 4, 5)).rewards.data]).toEqual([8, 3, 4, 5, 6, 7]);
  expect(() => new ReplayBuffer({ capacity: 3, ...sizes }).restore(small.save())).toThrow("expected 6 numbers of observations, got 8");
});
