import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { environmentOf, type TabularSystem } from "../system.ts";
import { blackjack } from "./blackjack.ts";
import { cliffWalking } from "./cliff-walking.ts";
import { frozenLake, frozenLake8x8, randomFrozenLake } from "./frozen-lake.ts";
import { taxi } from "./taxi.ts";
import { readFixture } from "./trajectory-fixture.ts";

type Table = [number, number, number, boolean][][][];
const gymnasium = readFixture<Record<string, Table> & { taxi: [number, number, number][]; taxiMasks: string[]; taxiStarts: number[] }>(
  "toy-text",
);

function tableOf(system: TabularSystem): Table {
  const { observationSpace, actionSpace } = system;
  return Array.from({ length: observationSpace.choices }, (_, s) =>
    Array.from({ length: actionSpace.choices }, (_, a) =>
      system.transitions(s, a).map(({ probability, state, reward, terminated }) => [probability, state, reward, terminated]),
    ),
  );
}

function expectTable(system: TabularSystem, expected: Table): void {
  const actual = tableOf(system);
  expect(actual.map((actions) => actions.map((list) => list.map(([, ...rest]) => rest)))).toEqual(
    expected.map((actions) => actions.map((list) => list.map(([, ...rest]) => rest))),
  );
  const probabilities = (table: Table): number[] => table.flat(2).map(([p]) => p);
  for (const [i, p] of probabilities(expected).entries()) expect(probabilities(actual)[i]).toBeCloseTo(p, 12);
}

test("frozen lake has Gymnasium's transitions", () => {
  expectTable(frozenLake(), gymnasium.frozenLake4x4!);
  expectTable(frozenLake({ map: frozenLake8x8, slippery: false }), gymnasium.frozenLake8x8Sure!);
  expectTable(frozenLake({ successRate: 0.7, rewards: [10, -5, -1] }), gymnasium.frozenLake4x4Often!);
});

test("cliff walking has Gymnasium's transitions", () => {
  expectTable(cliffWalking(), gymnasium.cliffWalking!);
  expectTable(cliffWalking({ slippery: true }), gymnasium.cliffWalkingSlippery!);
});

test("taxi has Gymnasium's transitions, masks and starts", () => {
  const system = taxi();
  const flat = tableOf(system).flat(2);
  expect(flat.map(([, state, reward, terminated]) => [state, reward, Number(terminated)])).toEqual(gymnasium.taxi);
  const masks = Array.from({ length: 500 }, (_, state) => {
    const row = new Uint8Array(6);
    system.mask!(Float64Array.of(state), 0, row, 0);
    return row.join("");
  });
  expect(masks).toEqual(gymnasium.taxiMasks);
  const world = environmentOf(system);
  const rng = new Rng(5);
  const seen = new Set(Array.from({ length: 6000 }, () => world.reset(rng).observation));
  expect([...seen].sort((a, b) => a - b)).toEqual(gymnasium.taxiStarts);
});

test("outcomes are drawn as often as the table says", () => {
  const world = environmentOf(frozenLake());
  const counts = new Map<number, number>();
  const rng = new Rng(7);
  for (let i = 0; i < 6000; i++) {
    world.reset(rng, { state: [8] });
    const { observation } = world.step(2);
    counts.set(observation, (counts.get(observation) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([4, 9, 12]);
  // Four standard deviations of a third of 6000.
  for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(146);
});

test("in the rain a taxi goes astray, but never through a wall", () => {
  const system = taxi({ straight: 0.8 });
  const start = ((2 * 5 + 2) * 5 + 0) * 4 + 1;
  expect(system.transitions(start, 1).map(({ probability, state }) => [+probability.toFixed(9), Math.floor(state / 20)])).toEqual([
    [0.8, 7],
    [0.1, 11],
    [0.1, 13],
  ]);
  // West of the cell right of R's wall stays shut.
  expect(system.transitions(((0 * 5 + 2) * 5 + 0) * 4 + 1, 3).every(({ state }) => Math.floor(state / 20) === 2)).toBe(true);
});

test("random lakes have a way across", () => {
  for (let seed = 0; seed < 20; seed++) {
    const map = randomFrozenLake(new Rng(seed), { size: 5, frozen: 0.6 });
    expect(map).toHaveLength(5);
    expect(() => frozenLake({ map })).not.toThrow();
  }
  expect(() => frozenLake({ map: ["SF", "G"] })).toThrow("expected rows of one length");
});

test("blackjack counts aces, and the dealer draws to 17", () => {
  const world = environmentOf(blackjack());
  // An ace and a seven against a ten and a nine: 18 loses to 19.
  world.reset(new Rng(1), { state: [8, 1, 2, 19, 0, 2, 10] });
  expect([...world.step(0).observation]).toEqual([18, 10, 1]);
  world.reset(new Rng(1), { state: [8, 1, 2, 19, 0, 2, 10] });
  expect(world.step(0)).toMatchObject({ reward: -1, terminated: true });
  // The natural beats the dealer's 21 of three cards by the book, and is worth 1.5 by the other rule.
  world.reset(new Rng(1), { state: [11, 1, 2, 21, 0, 3, 7] });
  expect(world.step(0).reward).toBe(1);
  const plain = environmentOf(blackjack({ rules: "plain" }));
  plain.reset(new Rng(1), { state: [11, 1, 2, 21, 0, 3, 7] });
  expect(plain.step(0).reward).toBe(0);
  const natural = environmentOf(blackjack({ rules: "natural" }));
  natural.reset(new Rng(1), { state: [11, 1, 2, 20, 0, 2, 10] });
  expect(natural.step(0).reward).toBe(1.5);
  // 21 without an ace is bust by any card.
  world.reset(new Rng(1), { state: [21, 0, 3, 12, 0, 2, 2] });
  expect(world.step(1)).toMatchObject({ reward: -1, terminated: true });
});

test("sticking on 20 and above wins as often as dynamic programming says", () => {
  const world = environmentOf(blackjack());
  const rng = new Rng(11);
  let sum = 0;
  for (let i = 0; i < 20_000; i++) {
    world.reset(rng, { state: [20, 0, 2, 6, 0, 1, 6] });
    sum += world.step(0).reward;
  }
  // 0.704 by dynamic programming over the dealer's hand; five standard errors of 20,000 games.
  expect(sum / 20_000).toBeGreaterThan(0.704 - 0.025);
  expect(sum / 20_000).toBeLessThan(0.704 + 0.025);
});
