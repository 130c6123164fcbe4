import { expect, test } from "vitest";
import type { Contestant } from "../contestants/contestant.ts";
import type { Question } from "../contestants/protocol.ts";
import { type Entrant, interleave } from "./rounds.ts";

/** A contestant whose repetitions make `calls` calls of a tenth of a millisecond, and that writes down whose turn it was. */
function pretender(id: string, { calls, log }: { calls: number; log: string[] }): Entrant {
  const ask = async (question: Question): Promise<unknown> => {
    if (question.ask !== "run") throw new Error("expected run");
    log.push(`${id} ${question.repetitions}`);
    const end = performance.now() + question.repetitions * calls * 0.1;
    while (performance.now() < end);
    return { milliseconds: new Array<number>(question.repetitions).fill(0.1) };
  };
  return { id, contestant: { ask } as unknown as Contestant };
}

test("contestants take turns, after each was warmed up on its own", async () => {
  const log: string[] = [];
  const entrants = [pretender("a", { calls: 1, log }), pretender("b", { calls: 1, log })];
  const [a] = await interleave(entrants, { rounds: 3, turn: 0, least: 2, warmUp: 0 });
  expect(log).toEqual(["a 1", "b 1", "a 2", "b 2", "a 2", "b 2", "a 2", "b 2"]);
  expect(a).toMatchObject({ median: 0.1, min: 0.1, max: 0.1, samples: 6, turns: [0.1, 0.1, 0.1] });
});

test("a turn lasts as long as planned, however many calls a sample is the mean of", async () => {
  const log: string[] = [];
  await interleave([pretender("a", { calls: 50, log })], { rounds: 1, turn: 40, least: 1, warmUp: 20 });
  // Eight repetitions of 5 ms; a busy machine only makes it fewer.
  const repetitions = Number(log.at(-1)!.slice(2));
  expect(repetitions).toBeGreaterThanOrEqual(1);
  expect(repetitions).toBeLessThanOrEqual(8);
});

test("a slow one takes fewer turns, two at least", async () => {
  const log: string[] = [];
  const entrants = [pretender("quick", { calls: 1, log }), pretender("slow", { calls: 100, log })];
  const plan = { rounds: 4, turn: 0, least: 1, warmUp: 0, budget: 15 };
  const [quick, slow] = await interleave(entrants, plan);
  expect(quick!.turns).toHaveLength(4);
  expect(slow!.turns).toHaveLength(2);
  expect(log.slice(2)).toEqual(["quick 1", "slow 1", "quick 1", "slow 1", "quick 1", "quick 1"]);
});
