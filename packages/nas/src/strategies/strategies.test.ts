import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import {
  asha,
  bayesianOptimization,
  choice,
  crowdingDistances,
  dominates,
  edgeCell,
  float,
  geneticAlgorithm,
  gridSearch,
  hyperband,
  integer,
  localSearch,
  neuralPredictor,
  nsga2,
  ofGenotype,
  oneOf,
  type Proposal,
  paretoFronts,
  policyGradient,
  populationBasedTraining,
  randomSearch,
  record,
  regularizedEvolution,
  type Space,
  type Strategy,
  search,
  successiveHalving,
  type Trial,
  treeParzenEstimator,
} from "../index.ts";

/** Asks and tells one at a time, and gives all trials. */
function run<T>(
  strategy: Strategy<T>,
  { trials, score }: { trials: number; score: (proposal: Proposal<T>) => readonly number[] | null },
): Trial<T>[] {
  const done: Trial<T>[] = [];
  for (let number = 0; number < trials; number++) {
    const proposal = strategy.ask(number);
    if (proposal === undefined) break;
    if (proposal === "wait") throw new Error("waits for nothing");
    const trial = { ...proposal, number, scores: score(proposal) };
    strategy.tell(trial);
    done.push(trial);
  }
  return done;
}
const bestOf = (trials: readonly Trial<unknown>[]): number =>
  Math.max(...trials.map(({ scores }) => scores?.[0] ?? Number.NEGATIVE_INFINITY));

// A hill with its top, 0, at (0.3, 10⁻², branch b with 7).
const mixed = record({
  x: float(0, 1),
  rate: float(1e-5, 1, { log: true }),
  branch: oneOf({ a: record({}), b: record({ n: integer(0, 10) }) }),
});
const hill = ({ candidate }: Proposal<{ x: number; rate: number; branch: { kind: string; value: object } }>): readonly number[] => {
  const { x, rate, branch } = candidate.value;
  const conditional = branch.kind === "a" ? 2 : (((branch.value as { n: number }).n - 7) / 5) ** 2;
  return [-(((x - 0.3) * 3) ** 2) - (Math.log10(rate) + 2) ** 2 / 2 - conditional];
};
// A cell whose every edge has its best operation; edges help each other.
const cell = edgeCell({ nodes: 4, operations: ["none", "skip", "conv1x1", "conv3x3"] });
const fitness = ({ candidate }: Proposal<{ edges: readonly { operation: string }[] }>): readonly number[] => {
  const good = candidate.value.edges.map(({ operation }, i) => Number(operation === ["conv3x3", "skip", "conv1x1"][i % 3]));
  return [good.reduce((sum, one, i) => sum + one + 0.5 * one * (good[i - 1] ?? 0), 0)];
};

type Make = <T>(space: Space<T>, rng: Rng) => Strategy<T>;
const strategies: readonly (readonly [string, Make])[] = [
  ["a genetic algorithm", (space, rng) => geneticAlgorithm(space, { population: 10, rng })],
  ["regularised evolution", (space, rng) => regularizedEvolution(space, { population: 20, sampleSize: 5, rng })],
  ["local search", (space, rng) => localSearch(space, { rng })],
  ["TPE", (space, rng) => treeParzenEstimator(space, { rng })],
  ["Bayesian optimisation", (space, rng) => bayesianOptimization(space, { candidates: 20, rng })],
];
const seeds = Array.from({ length: 15 }, (_, i) => i);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe.each(strategies)("%s", (_, make) => {
  test("finds better than random search with the same 80 trials, on ranges and conditions and on cells", () => {
    const final = (make: Make) => [
      median(seeds.map((seed) => bestOf(run(make(mixed, new Rng(seed)), { trials: 80, score: hill })))),
      median(seeds.map((seed) => bestOf(run(make(cell, new Rng(seed)), { trials: 80, score: fitness })))),
    ];
    const [ours, random] = [final(make), final((space, rng) => randomSearch(space, { rng }))];
    expect(ours[0]!).toBeGreaterThan(random[0]!);
    expect(ours[1]!).toBeGreaterThan(random[1]!);
  });

  test("equal seeds make equal searches, and a failed trial does not end one", () => {
    const keys = () =>
      run(make(mixed, new Rng(5)), { trials: 40, score: (proposal) => (proposal.candidate.value.x > 0.8 ? null : hill(proposal)) }).map(
        ({ candidate }) => candidate.key,
      );
    const first = keys();
    expect(first).toHaveLength(40);
    expect(keys()).toEqual(first);
  });
});

test.each([
  ["TPE", treeParzenEstimator],
  ["Bayesian optimisation", bayesianOptimization],
] as const)("%s tries what is known first, and learns from it", (_, make) => {
  const names = ["a", "b", "c", "d", "e"] as const;
  const at = (place: number) => Object.fromEntries(names.map((name) => [name, place])) as Record<(typeof names)[number], number>;
  const space = record({ a: float(0, 1), b: float(0, 1), c: float(0, 1), d: float(0, 1), e: float(0, 1) });
  // In five dimensions few trials come as near as this.
  const peak = ({ candidate: { value } }: Pick<Proposal<ReturnType<typeof at>>, "candidate">) => [
    -Math.hypot(...names.map((name) => value[name] - 0.9)),
  ];
  const known = [at(0.8), at(0.4)].map((genotype) => ofGenotype(space, genotype));
  const final = (more: { known?: typeof known }) => {
    const searches = seeds.map((seed) => run(make(space, { startup: 5, rng: new Rng(seed), ...more }), { trials: 15, score: peak }));
    return { searches, best: median(searches.map(bestOf)) };
  };
  const informed = final({ known });
  for (const trials of informed.searches) {
    expect(trials.slice(0, 2).map(({ candidate }) => candidate.value)).toEqual(known.map(({ value }) => value));
    expect(new Set(trials.map(({ candidate }) => candidate.key)).size).toBe(15);
  }
  expect(informed.best).toBeGreaterThan(peak({ candidate: known[0]! })[0]!);
  expect(informed.best).toBeGreaterThan(final({}).best);
});

test("a learned predictor finds better cells than random search with the same 60 trials", async () => {
  await using device = await openDevice(cpu());
  const settings = { device, candidates: 60, round: 10, members: 1, size: 16, steps: 60 };
  const seeds = [1, 2, 3, 4, 5];
  const best = (make: Make) => median(seeds.map((seed) => bestOf(run(make(cell, new Rng(seed)), { trials: 60, score: fitness }))));
  expect(best((space, rng) => neuralPredictor(space, { ...settings, rng }))).toBeGreaterThan(
    best((space, rng) => randomSearch(space, { rng })),
  );
  const keys = () =>
    run(neuralPredictor(cell, { ...settings, rng: new Rng(1) }), { trials: 40, score: fitness }).map(({ candidate }) => candidate.key);
  expect(keys()).toEqual(keys());
  expect(() => neuralPredictor(cell, { device, candidates: 5, round: 10, rng: new Rng(1) })).toThrow("candidates ≥ round");
});

test("a controller learns to choose what is rewarded", async () => {
  await using device = await openDevice(cpu());
  const space = record({ a: choice(["x", "y", "z"]), b: oneOf({ none: record({}), some: record({ n: integer(1, 6) }) }) });
  const score = ({ candidate: { value } }: Proposal<{ a: string; b: { kind: string; value: object } }>) => [
    Number(value.a === "y") + (value.b.kind === "some" ? (value.b.value as { n: number }).n / 6 : 0),
  ];
  using strategy = policyGradient(space, { device, size: 16, learningRate: 0.03, rng: new Rng(2) });
  const trials = run(strategy, { trials: 240, score });
  const average = (some: readonly Trial<unknown>[]) => mean(some.map(({ scores }) => scores![0]!));
  expect(average(trials.slice(0, 30))).toBeLessThan(1);
  expect(average(trials.slice(-30))).toBeGreaterThan(1.6);
});

test("a controller reaches every whole number it has an answer for, on a logarithmic scale too", async () => {
  await using device = await openDevice(cpu());
  using strategy = policyGradient(integer(1, 8, { log: true }), { device, size: 4, rng: new Rng(1) });
  const values = run(strategy, { trials: 200, score: () => null }).map(({ candidate }) => candidate.value);
  expect([...new Set(values)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("TPE turns away from what failed, also where nothing has succeeded yet", () => {
  const space = record({ a: choice(["bad", "good"]), b: float(0, 1) });
  for (const seed of seeds) {
    const known = Array.from({ length: 10 }, (_, i) => ofGenotype(space, { a: 0, b: i / 10 }));
    const strategy = treeParzenEstimator(space, { known, rng: new Rng(seed) });
    const trials = run(strategy, { trials: 14, score: ({ candidate }) => (candidate.value.a === "bad" ? null : [candidate.value.b]) });
    expect(trials.slice(10).map(({ candidate }) => candidate.value.a)).toEqual(["good", "good", "good", "good"]);
  }
});

test("populations are whole numbers: one of 10.5 would never be complete", () => {
  const rng = new Rng(1);
  expect(() => geneticAlgorithm(cell, { population: 10.5, rng })).toThrow("expected whole numbers, population ≥ 2");
  expect(() => regularizedEvolution(cell, { sampleSize: 0.5, rng })).toThrow("expected whole numbers, population and sampleSize ≥ 1");
  expect(() => populationBasedTraining(cell, { population: 2.5, intervals: 2, interval: 1, rng })).toThrow(
    "expected whole numbers population ≥ 2",
  );
});

test("grid search tries everything once, and real ranges at points", () => {
  const space = record({ a: choice(["x", "y"]), b: float(0, 1) });
  const trials = run(gridSearch(space, { points: 3 }), { trials: 100, score: () => [0] });
  expect(trials.map(({ candidate }) => `${candidate.value.a}${candidate.value.b}`)).toEqual(["x0", "x0.5", "x1", "y0", "y0.5", "y1"]);
});

describe("fronts", () => {
  test("by hand", () => {
    expect(dominates([1, 2], [1, 1])).toBe(true);
    expect(dominates([1, 2], [1, 2])).toBe(false);
    expect(
      paretoFronts([
        [3, 1],
        [2, 2],
        [1, 1],
        [1, 3],
        [0, 0],
      ]),
    ).toEqual([[0, 1, 3], [2], [4]]);
    expect(
      crowdingDistances([
        [0, 4],
        [1, 2],
        [4, 0],
      ]),
    ).toEqual([Infinity, 2, Infinity]);
  });

  test("NSGA-II spreads along a front where one objective is paid with the other", () => {
    const space = record({ x: float(0, 1), waste: float(0, 1) });
    const score = ({ candidate: { value } }: Proposal<{ x: number; waste: number }>) => [
      value.x - value.waste,
      1 - value.x ** 2 - value.waste,
    ];
    const trials = run(nsga2(space, { population: 20, rng: new Rng(1) }), { trials: 400, score }).slice(-20);
    const scores = trials.map(({ scores }) => scores!);
    expect(mean(trials.map(({ candidate }) => (candidate.value as { waste: number }).waste))).toBeLessThan(0.1);
    expect(Math.max(...scores.map(([a]) => a!))).toBeGreaterThan(0.85);
    expect(Math.max(...scores.map(([, b]) => b!))).toBeGreaterThan(0.85);
  });
});

describe("budgets", () => {
  const space = record({ x: float(0, 1) });
  // The better candidates show late: with little budget all look alike but for some noise.
  const score = ({ candidate, budget }: Proposal<{ x: number }>) => [candidate.value.x * Math.min(1, budget! / 9)];

  test("successive halving: 9 at 1, 3 of them at 3, 1 of them at 9, each going on from itself", () => {
    const trials = run(successiveHalving(space, { candidates: 9, budgets: [1, 9], rng: new Rng(1) }), { trials: 100, score });
    expect(trials.map(({ budget }) => budget)).toEqual([...Array(9).fill(1), 3, 3, 3, 9]);
    const first = trials.slice(0, 9).map(({ candidate }) => candidate.value.x);
    expect(trials[12]!.candidate.value.x).toBe(Math.max(...first));
    expect(trials[12]!.from).toBe(9);
    expect(trials[trials[9]!.from!]!.candidate.value.x).toBe(Math.max(...first));
  });

  test("Hyperband's brackets for budgets up to 9: 9, 5 and 3 candidates", () => {
    const trials = run(hyperband(space, { budgets: [1, 9], rng: new Rng(1) }), { trials: 100, score });
    expect(trials.map(({ budget }) => budget)).toEqual([...Array(9).fill(1), 3, 3, 3, 9, ...Array(5).fill(3), 9, 9, 9, 9]);
    expect(trials.filter(({ from }) => from === undefined).map(({ budget }) => budget)).toEqual([
      ...Array(9).fill(1),
      ...Array(5).fill(3),
      9,
      9,
      9,
    ]);
  });

  test("ASHA lifts one in three as soon as it can, and no trial twice", () => {
    const trials = run(asha(space, { budgets: [1, 9], rng: new Rng(1) }), { trials: 60, score });
    expect(trials.slice(0, 4).map(({ budget }) => budget)).toEqual([1, 1, 1, 3]);
    const risen = trials.map(({ from }) => from).filter((from) => from !== undefined);
    expect(new Set(risen).size).toBe(risen.length);
    expect(trials.filter(({ budget }) => budget === 9).length).toBeGreaterThan(2);
  });

  test("what halves compares candidates of a small space once each, and again when there is no other", () => {
    const small = record({ x: integer(0, 13) });
    const strategies = [
      successiveHalving(small, { candidates: 14, budgets: [1, 9], rng: new Rng(1) }),
      // 9 in the first bracket, 5 in the second, and 3 that come again.
      hyperband(small, { budgets: [1, 9], rng: new Rng(1) }),
      asha(small, { budgets: [1, 9], rng: new Rng(1) }),
    ];
    for (const strategy of strategies) {
      const trials = run(strategy, { trials: 24, score: ({ candidate }) => [candidate.value.x] });
      const drawn = trials.filter(({ from }) => from === undefined).map(({ candidate }) => candidate.key);
      expect(new Set(drawn.slice(0, 14)).size, strategy.name).toBe(14);
      if (strategy.name === "Hyperband") expect(drawn).toHaveLength(17);
    }
  });

  test("population-based training: the worst go on from the best, with other hyper-parameters", () => {
    const trials = run(populationBasedTraining(space, { population: 4, intervals: 3, interval: 2, rng: new Rng(1) }), {
      trials: 100,
      score,
    });
    expect(trials.map(({ budget }) => budget)).toEqual([2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6]);
    const best = trials.slice(0, 4).reduce((a, b) => (b.scores![0]! > a.scores![0]! ? b : a));
    expect(trials[7]!.from).toBe(best.number);
    expect(trials[7]!.candidate.key).not.toBe(best.candidate.key);
    expect(trials[4]!.candidate.key).toBe(best.candidate.key);
  });

  test("what halves goes on from no failed trial, and leaves out the rungs that nobody reaches", () => {
    const failing = (some: (number: number) => boolean) => {
      let number = 0;
      return (proposal: Proposal<{ x: number }>) => (some(number++) ? null : score(proposal));
    };
    const halving = run(successiveHalving(space, { candidates: 9, budgets: [1, 9], rng: new Rng(1) }), {
      trials: 100,
      score: failing((number) => number < 9 && number !== 4),
    });
    expect(halving.map(({ budget }) => budget)).toEqual([...Array(9).fill(1), 3, 9]);
    expect(halving[9]!.from).toBe(4);
    // Nobody of the first bracket succeeds: the second begins at once.
    const brackets = run(hyperband(space, { budgets: [1, 9], rng: new Rng(1) }), { trials: 100, score: failing((number) => number < 9) });
    expect(brackets.map(({ budget }) => budget)).toEqual([...Array(9).fill(1), ...Array(5).fill(3), 9, 9, 9, 9]);
  });

  test("population-based training: all that failed go on from one that did not, and begin anew where there is none", () => {
    const training = (isFailure: (number: number) => boolean) => {
      let number = 0;
      return run(populationBasedTraining(space, { population: 4, intervals: 2, interval: 2, rng: new Rng(1) }), {
        trials: 100,
        score: (proposal) => (isFailure(number++) ? null : score(proposal)),
      });
    };
    expect(
      training((number) => number < 3)
        .slice(4)
        .map(({ from }) => from),
    ).toEqual([3, 3, 3, 3]);
    expect(
      training((number) => number < 4)
        .slice(4)
        .map(({ from, budget }) => [from, budget]),
    ).toEqual(Array(4).fill([undefined, 4]));
  });

  test("budgets that contradict each other are told", () => {
    expect(() => hyperband(space, { budgets: [9, 1], rng: new Rng(1) })).toThrow("hyperband: expected budgets 0 < least ≤ most");
    expect(() => asha(space, { budgets: [1, 9], reduction: 1, rng: new Rng(1) })).toThrow("a reduction above 1");
  });
});

const plane = record({ x: integer(0, 1000), y: integer(0, 1000) });

test.each([
  ["regularised evolution", regularizedEvolution(plane, { population: 5, sampleSize: 2, rng: new Rng(3) })],
  ["NSGA-II", nsga2(plane, { population: 6, crossoverRate: 0.5, rng: new Rng(3) })],
  ["a genetic algorithm", geneticAlgorithm(plane, { population: 6, crossoverRate: 0.5, rng: new Rng(3) })],
] as const)("%s tells whom each candidate descends from, and is made of them", async (_, strategy) => {
  const { trials } = await search(plane, {
    strategy,
    evaluate: ({ value: { x, y } }) => ({ far: Math.hypot(x, y) }),
    objectives: { far: "minimize" },
    limits: { trials: 30 },
  });
  expect(trials[0]!.parents).toEqual([]);
  const children = trials.filter(({ parents }) => parents.length > 0);
  expect(children.length).toBeGreaterThan(10);
  for (const { number, parents, candidate } of children) {
    expect(parents.every((parent) => parent < number)).toBe(true);
    // A mutation changes one decision: the other comes from a parent.
    const inherited = parents.map((parent) => trials[parent]!.candidate.value);
    expect(inherited.some(({ x, y }) => x === candidate.value.x || y === candidate.value.y)).toBe(true);
  }
});
