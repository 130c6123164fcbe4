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
  /** Samples a turn has at least. */
  readonly least: number;
  /** Milliseconds of unmeasured calls before the first turn. */
  readonly warmUp: number;
  /** Milliseconds of measured calls of one entrant: a slow one takes part in the first rounds only, two at least. Default no limit. */
  readonly budget?: number;
}

/** Turns long enough for a median, warm enough for the optimising compiler. */
export const fullPlan: Plan = { rounds: 9, turn: 700, least: 3, warmUp: 2000 };
export const quickPlan: Plan = { rounds: 2, turn: 0, least: 1, warmUp: 0 };

/** Milliseconds of a call. */
export interface Timing extends Spread {
  /** Of all samples, pauses of the garbage collector included. */
  readonly mean: number;
  readonly samples: number;
  /** Kernels of a call, where they are counted. */
  readonly launches?: number;
  /** The median of each turn. `median`, `min` and `max` are over these. */
  readonly turns: readonly number[];
}

export async function interleave(
  entrants: readonly Entrant[],
  { rounds, turn, least, warmUp, budget = Infinity }: Plan,
): Promise<Timing[]> {
  const repetitions: number[] = [];
  const turns: number[] = [];
  for (const entrant of entrants) {
    let { each, lasted: spent } = await run(entrant, 1);
    while (spent < warmUp) {
      // A quarter of the warm-up at a time: calls get faster as they warm.
      const last = await run(entrant, repetitionsFor(warmUp / 4, each));
      each = last.each;
      spent += last.lasted;
    }
    const some = Math.max(least, repetitionsFor(turn, each));
    repetitions.push(some);
    turns.push(Math.min(rounds, Math.max(2, Math.floor(budget / (some * each)))));
  }

  const samples: (readonly number[])[][] = entrants.map(() => []);
  const launches: (number | undefined)[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, entrant] of entrants.entries()) {
      if (round >= turns[i]!) continue;
      const turn = await run(entrant, repetitions[i]!);
      samples[i]!.push(turn.milliseconds);
      launches[i] = turn.launches;
    }
  }
  return samples.map((turns, i) => {
    const medians = turns.map(median);
    const all = turns.flat();
    return {
      ...spread(medians),
      mean: mean(all),
      samples: all.length,
      turns: medians,
      ...(launches[i] === undefined ? {} : { launches: launches[i] }),
    };
  });
}

/** A turn: its samples, how long it took, and how long each repetition. A repetition may make many calls, of which a sample is the mean. */
async function run(
  { contestant, id }: Entrant,
  repetitions: number,
): Promise<{ milliseconds: readonly number[]; launches: number | undefined; lasted: number; each: number }> {
  const start = performance.now();
  const { milliseconds, launches } = await contestant.ask({ ask: "run", id, repetitions });
  const lasted = performance.now() - start;
  return { milliseconds, launches, lasted, each: lasted / repetitions };
}

function repetitionsFor(milliseconds: number, each: number): number {
  return Math.max(1, Math.ceil(milliseconds / each));
}
