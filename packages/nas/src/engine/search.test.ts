import { Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import {
  choice,
  type Evaluate,
  float,
  gridSearch,
  hyperband,
  integer,
  type Journal,
  medianStopping,
  randomSearch,
  record,
  regularizedEvolution,
  rungStopping,
  type Space,
  type StoppingRule,
  type Strategy,
  search,
  type TrialRecord,
} from "../index.ts";

const space = record({ x: integer(0, 30), kind: choice(["a", "b"]) });
type Value = { x: number; kind: "a" | "b" };
const evaluate: Evaluate<Value> = ({ value: { x, kind } }) => ({ height: -Math.abs(x - 20) + (kind === "b" ? 0.5 : 0), size: x });
const objectives = { height: "maximize" } as const;
const evolution = (seed: number) => regularizedEvolution(space, { population: 6, sampleSize: 3, rng: new Rng(seed) });

/** A journal in memory that survives the search. */
function journalOf(records: TrialRecord[]): Journal {
  return { open: async () => [...records], append: async (record) => void records.push(record) };
}

test("the best is found, by hand: everything is tried once and 20b wins", async () => {
  const { best, trials, reason } = await search(space, { strategy: gridSearch(space), evaluate, objectives, limits: { trials: 1000 } });
  expect(reason).toBe("exhausted");
  expect(trials).toHaveLength(62);
  expect(best!.candidate.value).toEqual({ x: 20, kind: "b" });
  expect(best!.measurements).toEqual({ height: 0.5, size: 20 });
});

test("an objective to be minimised counts the other way", async () => {
  const { best } = await search(space, {
    strategy: gridSearch(space),
    evaluate,
    objectives: { size: "minimize" },
    limits: { trials: 1000 },
  });
  expect(best!.candidate.value.x).toBe(0);
});

test("a candidate that comes again costs nothing, and a search that only repeats itself ends", async () => {
  let runs = 0;
  const small = record({ x: integer(0, 3) });
  const count: Evaluate<{ x: number }> = ({ value }) => {
    runs++;
    return { height: value.x };
  };
  const result = await search(small, {
    strategy: randomSearch(small, { rng: new Rng(1) }),
    evaluate: count,
    objectives,
    limits: { trials: 50 },
  });
  expect(runs).toBe(4);
  expect(result.reason).toBe("exhausted");
  expect(result.trials.filter(({ remembered }) => !remembered)).toHaveLength(4);
});

test("several workers make the same search from run to run, however long trials take", async () => {
  const keys = async (delay: (x: number) => number) => {
    const slow: Evaluate<Value> = async (task) => {
      await new Promise((resolve) => setTimeout(resolve, delay(task.value.x)));
      return evaluate(task);
    };
    const { trials } = await search(space, { strategy: evolution(3), evaluate: slow, objectives, limits: { trials: 25 }, workers: 3 });
    return trials.map(({ key }) => key);
  };
  expect(await keys((x) => x % 5)).toEqual(await keys((x) => (30 - x) % 7));
});

test("a search that was cut off goes on without losing or repeating a trial, and ends like one that was not", async () => {
  const whole = await search(space, { strategy: evolution(4), evaluate, objectives, limits: { trials: 30 }, workers: 2 });
  const records: TrialRecord[] = [];
  const runs: string[] = [];
  const counted: Evaluate<Value> = (task) => {
    runs.push(`${task.number}`);
    return evaluate(task);
  };
  const journal = journalOf(records);
  const stop = new AbortController();
  const first = await search(space, {
    ...{ strategy: evolution(4), evaluate: counted, objectives, limits: { trials: 30 }, workers: 2, journal, signal: stop.signal },
    onTrial: ({ number }) => number === 11 && stop.abort(),
  });
  expect(first.reason).toBe("interrupted");
  const second = await search(space, {
    strategy: evolution(4),
    evaluate: counted,
    objectives,
    limits: { trials: 30 },
    workers: 2,
    journal,
  });
  expect(second.trials.map(({ key }) => key)).toEqual(whole.trials.map(({ key }) => key));
  expect(second.best!.key).toBe(whole.best!.key);
  expect(new Set(runs).size).toBe(runs.length);
});

describe("failures", () => {
  test("a trial that throws is tried again, then recorded with its error, and the search goes on", async () => {
    const attempts: number[] = [];
    const flaky: Evaluate<Value> = (task) => {
      if (task.value.x === 5) {
        attempts.push(task.attempt);
        throw new Error("no memory");
      }
      if (task.value.x === 6 && task.attempt === 1) throw new Error("once");
      return evaluate(task);
    };
    const { trials } = await search(space, {
      strategy: gridSearch(space),
      evaluate: flaky,
      objectives,
      limits: { trials: 1000 },
      retries: 2,
    });
    expect(attempts).toEqual([1, 2, 3, 1, 2, 3]);
    const failed = trials.filter(({ measurements }) => measurements === null);
    expect(failed.map(({ candidate, error, attempts }) => [candidate.value.x, error, attempts])).toEqual([
      [5, "Error: no memory", 3],
      [5, "Error: no memory", 3],
    ]);
    expect(trials.find(({ candidate }) => candidate.value.x === 6)!.attempts).toBe(2);
  });

  test("NaN or a missing measurement is a failure that names it", async () => {
    const wrong: Evaluate<Value> = ({ value }) =>
      value.x === 0 ? { height: Number.NaN } : value.x === 1 ? { size: 1 } : { height: value.x };
    const { trials } = await search(space, { strategy: gridSearch(space), evaluate: wrong, objectives, limits: { trials: 5 } });
    expect(trials[0]!.error).toContain('expected evaluate to return a finite number as "height", got NaN');
    expect(trials[2]!.error).toContain("got undefined");
    expect(trials[4]!.measurements).toEqual({ height: 2 });
  });

  test("where nothing ever succeeds the search ends with the reason", async () => {
    const broken: Evaluate<Value> = () => {
      throw new TypeError("cannot read data");
    };
    await expect(
      search(space, { strategy: evolution(1), evaluate: broken, objectives, limits: { trials: 100 }, retries: 0 }),
    ).rejects.toThrow("search: expected some trial to succeed, got 10 failures, the last with: TypeError: cannot read data");
    const misnamed: Evaluate<Value> = () => ({ hieght: 1 });
    await expect(search(space, { strategy: evolution(1), evaluate: misnamed, objectives, limits: { trials: 3 } })).rejects.toThrow(
      /got 3 failures, the last with: .*expected evaluate to return a finite number as "height", got undefined/,
    );
  });

  test("options that make no search are told", async () => {
    const options = { strategy: gridSearch(space), evaluate, objectives, limits: { trials: 1 } };
    await expect(search(space, { ...options, limits: {} })).rejects.toThrow("expected a limit of trials, seconds or budget, got none");
    await expect(search(space, { ...options, objectives: {} })).rejects.toThrow("expected at least one objective");
    await expect(search(space, { ...options, limits: { trials: 0 } })).rejects.toThrow("expected limits.trials above 0, got 0");
    await expect(search(space, { ...options, workers: 0 })).rejects.toThrow("expected at least one worker, got 0");
  });

  test("a strategy of another space is refused, whether it decides other things or more widely", async () => {
    const begin = (strategy: Strategy<Value>) => search(space, { strategy, evaluate, objectives, limits: { trials: 100 } });
    const other = record({ x: integer(0, 30), kind: choice(["b", "a"]) });
    const wider = record({ x: integer(25, 90), kind: choice(["a", "b"]) });
    for (const foreign of [other, wider, record({ x: integer(0, 30) }) as typeof other]) {
      const strategy = randomSearch(foreign as Space<Value>, { rng: new Rng(1) });
      await expect(begin(strategy)).rejects.toThrow("expected random search to propose candidates of the space that is searched, got ");
    }
  });

  test("a journal whose trials the strategy would not propose is refused", async () => {
    const records: TrialRecord[] = [];
    await search(space, { strategy: evolution(1), evaluate, objectives, limits: { trials: 3 }, journal: journalOf(records) });
    await expect(
      search(space, { strategy: evolution(2), evaluate, objectives, limits: { trials: 3 }, journal: journalOf(records) }),
    ).rejects.toThrow("to be what the journal holds");
  });
});

test("budgets add up, and going on from a trial costs the difference", async () => {
  const line = record({ x: float(0, 1) });
  const budgeted: Evaluate<{ x: number }> = ({ value, budget }) => ({ height: value.x * budget! });
  const strategy = () => hyperband(line, { budgets: [1, 9], rounds: 9, rng: new Rng(1) });
  const { trials } = await search(line, { strategy: strategy(), evaluate: budgeted, objectives, limits: { budget: 24 } });
  // The first bracket: 9 · 1 + 3 · (3 − 1) + 1 · (9 − 3) = 21; the second begins with 3 each.
  expect(trials.map(({ budget }) => budget)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9, 3]);
});

test("median stopping ends trials below the median of the others at that step", async () => {
  const line = record({ x: choice([9, 8, 7, 6, 5, 1, 10]) });
  const steps: number[] = [];
  const climbing: Evaluate<{ x: number }> = async ({ value, report }) => {
    for (let step = 1; step <= 3; step++) {
      await report(step, value.x * step);
      steps.push(value.x);
    }
    return { height: value.x * 3 };
  };
  const { trials, best } = await search(line, {
    ...{ strategy: gridSearch(line), evaluate: climbing, objectives, limits: { trials: 100 } },
    stopping: medianStopping({ warmUpTrials: 5 }),
  });
  expect(trials.map(({ stoppedAt }) => stoppedAt)).toEqual([undefined, undefined, undefined, undefined, undefined, 1, undefined]);
  expect(trials[5]!.measurements).toEqual({ height: 1 });
  expect(best!.candidate.value.x).toBe(10);
});

describe("stopping at rungs", () => {
  test("a trial goes on while it is in the best third of those that came to the rung, by hand", () => {
    const rule = rungStopping({ rungs: [1, 3] });
    const at = (step: number) => (trial: number, score: number) => rule.goesOn(trial, { step, score });
    // Alone; below one of two; above all; second of four, where two go on; fourth of five.
    expect([5, 3, 6, 5.5, 4].map((score, trial) => at(1)(trial, score))).toEqual([true, false, true, true, false]);
    // Between rungs nobody is judged; the next rung knows nothing of the first.
    expect(at(2)(4, -100)).toBe(true);
    expect(at(3)(3, -100)).toBe(true);
    expect(() => rungStopping({ rungs: [] })).toThrow("expected at least one rung");
    expect(() => rungStopping({ rungs: [1], reduction: 1 })).toThrow("a reduction above 1");
  });

  test("in a search, and a trial that is tried again does not compete with what it reported before", async () => {
    const line = record({ x: choice([5, 3, 6, 5.5, 4]) });
    const climbing: Evaluate<{ x: number }> = async ({ value, attempt, report }) => {
      await report(1, value.x + (attempt === 1 ? 1 : 0));
      if (value.x === 6 && attempt === 1) throw new Error("once");
      return { height: value.x };
    };
    const { trials } = await search(line, {
      ...{ strategy: gridSearch(line), evaluate: climbing, objectives, limits: { trials: 100 } },
      stopping: rungStopping({ rungs: [1] }),
    });
    // At the rung 6, 4, then 7 and again 6, 6.5, 5: had the 7 stayed, the third would be stopped by itself.
    expect(trials.map(({ stoppedAt, attempts }) => [stoppedAt, attempts])).toEqual([
      [undefined, 1],
      [1, 1],
      [undefined, 2],
      [undefined, 1],
      [1, 1],
    ]);
    expect(trials.map(({ reports }) => reports)).toEqual([6, 4, 6, 6.5, 5].map((score) => [{ step: 1, score }]));
  });
});

test("a search that goes on remembers what trials reported: its rule stops whom it would have stopped", async () => {
  const line = record({ x: choice([9, 8, 7, 6, 5, 1, 10]) });
  const reporting: Evaluate<{ x: number }> = async ({ value, report }) => {
    for (let step = 1; step <= 3; step++) await report(step, value.x * step);
    return { height: value.x * 3 };
  };
  const run = (records: TrialRecord[], trials: number, stopping: StoppingRule) =>
    search(line, {
      strategy: gridSearch(line),
      evaluate: reporting,
      objectives,
      limits: { trials },
      stopping,
      journal: journalOf(records),
    });
  for (const rule of [() => medianStopping({ warmUpTrials: 5 }), () => rungStopping({ rungs: [1], reduction: 2 })]) {
    const whole = await run([], 7, rule());
    const records: TrialRecord[] = [];
    await run(records, 5, rule());
    const { trials } = await run(records, 7, rule());
    const stopped = trials.map(({ stoppedAt }) => stoppedAt);
    expect(stopped).toEqual(whole.trials.map(({ stoppedAt }) => stoppedAt));
    expect(stopped[5]).toBe(1);
    // As journals of before are: without reports, and without the time.
    const old = records.slice(0, 5).map(({ reports: _, elapsed: __, ...rest }) => rest);
    expect((await run(old, 7, rule())).trials).toHaveLength(7);
  }
});

test("a report that is no number fails its trial, and the search goes on", async () => {
  const line = record({ x: integer(0, 3) });
  const { trials } = await search(line, {
    ...{ strategy: gridSearch(line), objectives, limits: { trials: 100 }, stopping: medianStopping({ warmUpTrials: 1 }) },
    async evaluate({ value, report }) {
      await report(1, value.x === 2 ? Number.NaN : value.x);
      return { height: value.x };
    },
  });
  expect(trials.map(({ measurements }) => measurements)).toEqual([{ height: 0 }, { height: 1 }, null, { height: 3 }]);
  expect(trials[2]!.error).toContain("expected a report of a step and a score that are finite numbers, got 1 and NaN");
});

test("the time limit counts what the journal says was spent", async () => {
  const records: TrialRecord[] = [];
  const run = (journal: TrialRecord[], limits: { trials?: number; seconds?: number }) =>
    search(space, { strategy: evolution(1), evaluate, objectives, limits, journal: journalOf(journal) });
  await run(records, { trials: 4 });
  expect(records.map(({ elapsed }) => elapsed!)).toEqual([...records.map(({ elapsed }) => elapsed!)].sort((a, b) => a - b));
  const spent = records.map((one, i) => ({ ...one, elapsed: 1000 * (i + 1) }));
  // All that was done is told; nothing is begun.
  const over = await run(spent, { seconds: 4000 });
  expect([over.trials.length, over.reason, over.best!.key]).toEqual([4, "limit", (await run([...records], { trials: 4 })).best!.key]);
  const little = [...spent];
  await run(little, { trials: 6, seconds: 5000 });
  expect(little).toHaveLength(6);
  expect(little[4]!.elapsed).toBeGreaterThanOrEqual(4000);
  // Old journals know how long each trial took.
  const old = records.map(({ elapsed: _, ...one }) => ({ ...one, seconds: 10 }));
  expect((await run(old, { seconds: 40 })).trials).toHaveLength(4);
});

describe("trials that go on from others", () => {
  const line = record({ x: float(0, 1) });
  const halves = () => hyperband(line, { budgets: [1, 9], rounds: 9, rng: new Rng(1) });

  test("one that says that it began anew costs its whole budget, also in a search that goes on", async () => {
    const forgetful: Evaluate<{ x: number }> = ({ value, budget, beginAnew }) => {
      // For those that go on from nobody it says nothing new.
      beginAnew();
      return { height: value.x * budget! };
    };
    const records: TrialRecord[] = [];
    const run = (budget: number) =>
      search(line, { strategy: halves(), evaluate: forgetful, objectives, limits: { budget }, journal: journalOf(records) });
    // 9 · 1 + 3 · 3 = 18, and 9 more are 27.
    await run(18);
    expect(records).toHaveLength(12);
    const { trials } = await run(24);
    expect(trials.map(({ budget }) => budget)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9]);
    expect(trials.map(({ anew }) => anew === true)).toEqual([...Array(9).fill(false), ...Array(4).fill(true)]);
  });

  test("one that was remembered left no state: who goes on from it goes on from the trial that ran", async () => {
    const small = record({ x: integer(0, 2) });
    const ran = new Map<number, string>();
    const { trials } = await search(small, {
      ...{ strategy: hyperband(small, { budgets: [1, 9], rounds: 3, rng: new Rng(2) }), objectives, limits: { budget: 1000 } },
      evaluate({ value, number, budget, from }) {
        if (from !== undefined) expect(ran.get(from)).toBe(`${value.x} with ${budget! / 3}`);
        // The same candidate goes up the same rungs once.
        expect([...ran.values()]).not.toContain(`${value.x} with ${budget}${from === undefined ? " anew" : ""}`);
        ran.set(number, `${value.x} with ${budget}`);
        return { height: value.x };
      },
    });
    expect(trials.some(({ remembered, budget }) => remembered && budget === 3)).toBe(true);
  });
});
