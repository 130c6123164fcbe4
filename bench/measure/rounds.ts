/** Contestants taking turns: A B A B …, so that a busy minute of the machine falls on all of them. */

import type { Contestant } from "../contestants/contestant.ts";
import { mean, median, type Spread, spread } from "./statistics.ts";

/** A prepared workload of a contestant. */
export interface Entrant {
  readonly contestant: Contestant;
  readonly id: string;
}

export interface Plan {
  /** Turns of each. */
  readonly rounds: number;
  /** Milliseconds a turn should last. */
  readonly turn: number;
  /** Calls a turn has at least. */
  readonly calls: number;
  /** Milliseconds of unmeasured calls before the first turn. */
  readonly warmUp: number;
}

/** Turns long enough for a median, warm enough for the optimising compiler. */
export const fullPlan: Plan = { rounds: 9, turn: 700, calls: 3, warmUp: 2000 };
export const quickPlan: Plan = { rounds: 2, turn: 0, calls: 1, warmUp: 0 };

/** Milliseconds of a call. */
export interface Timing extends Spread {
  /** Of all calls, pauses of the garbage collector included. */
  readonly mean: number;
  readonly calls: number;
  /** The median of each turn. `median`, `min` and `max` are over these. */
  readonly turns: readonly number[];
}

export async function interleave(entrants: readonly Entrant[], { rounds, turn, calls, warmUp }: Plan): Promise<Timing[]> {
  const run = async ({ contestant, id }: Entrant, repetitions: number): Promise<readonly number[]> =>
    (await contestant.ask({ ask: "run", id, repetitions })).milliseconds;

  const repetitions: number[] = [];
  for (const entrant of entrants) {
    let last = await run(entrant, 1);
    for (let spent = 0; spent < warmUp; spent += last.reduce((sum, time) => sum + time, 0)) {
      // A fixed share of the warm-up each: calls get faster as they warm.
      last = await run(entrant, repetitionsFor(warmUp / 4, last));
      if (last.length >= mostRepetitions) break;
    }
    repetitions.push(Math.max(calls, repetitionsFor(turn, last)));
  }

  const samples: number[][][] = entrants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, entrant] of entrants.entries()) samples[i]!.push([...(await run(entrant, repetitions[i]!))]);
  }
  return samples.map((turns) => {
    const medians = turns.map(median);
    const all = turns.flat();
    return { ...spread(medians), mean: mean(all), calls: all.length, turns: medians };
  });
}

const mostRepetitions = 5000;

function repetitionsFor(milliseconds: number, last: readonly number[]): number {
  return Math.max(1, Math.min(mostRepetitions, Math.ceil(milliseconds / median(last))));
}
