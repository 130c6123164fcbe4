import type { Run } from "@dl/train";
import { describe, expect, test } from "vitest";
import { GanAlarm } from "./gan-alarm.ts";

describe("the alarm", () => {
  /** What the alarm says of runs whose steps tell `metrics`. */
  const said = (metrics: Readonly<Record<string, number>>, steps = 30): string[] => {
    const troubles: string[] = [];
    const alarm = new GanAlarm({ window: 20, onWarning: ({ trouble, message }) => troubles.push(`${trouble}|${message}`) });
    for (let step = 1; step <= steps; step++) alarm.onStep({} as Run, { step, batch: step, batchSize: 8, metrics, means: metrics });
    return troubles;
  };
  const healthy = {
    diversity: 0.9,
    nearest: 0.8,
    realAccuracy: 0.7,
    fakeAccuracy: 0.8,
    realScore: 0.5,
    fakeScore: -0.5,
    discriminatorGradient: 1,
    generatorGradient: 0.5,
  };

  test("is silent in health, and in the first steps", () => {
    expect(said(healthy)).toEqual([]);
    expect(said({ ...healthy, nearest: 0.01 }, 19)).toEqual([]);
  });

  test("says nothing of what it is not told, and speaks of the rest", () => {
    const { realScore: _, fakeScore: __, discriminatorGradient: ___, ...rest } = healthy;
    expect(said(rest)).toEqual([]);
    expect(said({ nearest: 0.1 })).toEqual([expect.stringMatching(/^collapse\|/)]);
  });

  test("modes are not missed before the first steps are over", () => {
    const warnings: string[] = [];
    const coverage = { metric: "validation/modes", modes: 8 };
    const alarm = new GanAlarm({ window: 4, coverage, onWarning: ({ message }) => warnings.push(message) });
    for (let step = 1; step <= 4; step++) {
      alarm.onStep({} as Run, { step, batch: 0, batchSize: 8, metrics: healthy, means: healthy });
      const rest = { epoch: step - 1, seconds: 1, examplesPerSecond: 1, learningRate: 1 };
      alarm.onEpoch({} as Run, { ...rest, step, metrics: { "validation/modes": 7 } });
    }
    expect(warnings).toEqual([expect.stringMatching(/^collapse at step 4: 7 of 8/)]);
  });

  test("tells collapse, a dead discriminator and a vanishing generator apart, once each, with remedies", () => {
    expect(said({ ...healthy, nearest: 0.1 })).toEqual([
      expect.stringMatching(/^collapse\|collapse at step 20: distances among samples are 10\.0 %.+Try R1/),
    ]);
    expect(said({ ...healthy, realScore: 0.3, fakeScore: 0.3, discriminatorGradient: 0 })).toEqual([
      expect.stringMatching(/^dead discriminator\|.+scores real and generated examples alike.+Try a smaller learning rate/),
    ]);
    expect(said({ ...healthy, realAccuracy: 1, fakeAccuracy: 1, generatorGradient: 1e-4 })).toEqual([
      expect.stringMatching(/^vanishing generator\|.+right on 100\.0 %.+Try the non-saturating/),
    ]);
  });

  test("what is told at every fifth step counts as much as the rest: a generator that stood out once is seen to vanish", () => {
    const troubles: string[] = [];
    const alarm = new GanAlarm({ window: 100, onWarning: ({ message }) => troubles.push(message) });
    const { generatorGradient: _, ...always } = { ...healthy, realAccuracy: 1, fakeAccuracy: 1 };
    for (let step = 1; step <= 100; step++) {
      const metrics = step % 5 === 0 ? { ...always, generatorGradient: step === 5 ? 0.1 : 1e-3 } : always;
      alarm.onStep({} as Run, { step, batch: step, batchSize: 8, metrics, means: metrics });
    }
    // (0.1 + 19 · 0.001) / 20
    expect(troubles).toEqual([expect.stringContaining("the generator's gradient is 6.0e-3")]);
  });

  test("tells missing modes once, whatever the steps between the epochs look like, and distances beside them", () => {
    const warnings: string[] = [];
    const coverage = { metric: "validation/modes", modes: 8 };
    const alarm = new GanAlarm({ window: 1, coverage, onWarning: ({ trouble, message }) => warnings.push(`${trouble}|${message}`) });
    let step = 0;
    const epoch = (modes: number, metrics: Readonly<Record<string, number>> = healthy): void => {
      for (let i = 0; i < 3; i++) alarm.onStep({} as Run, { step: ++step, batch: i, batchSize: 8, metrics, means: metrics });
      const rest = { epoch: 0, seconds: 1, examplesPerSecond: 1, learningRate: 1 };
      alarm.onEpoch({} as Run, { ...rest, step, metrics: { "validation/modes": modes } });
    };
    for (const modes of [7, 7, 6]) epoch(modes);
    expect(warnings).toEqual([expect.stringMatching(/^collapse\|collapse at step 3: 7 of 8 modes are covered/)]);
    epoch(6, { ...healthy, diversity: 0.1 });
    expect(warnings.slice(1)).toEqual([expect.stringMatching(/^collapse\|collapse at step 10: distances among samples are 10\.0 %/)]);
    // All found, and one lost again: that is news.
    epoch(8);
    epoch(7);
    expect(warnings.slice(2)).toEqual([expect.stringMatching(/at step 18: 7 of 8 modes/)]);
  });

  test("counts modes, goes on where it was, and can end the run", () => {
    const warnings: string[] = [];
    const coverage = { metric: "validation/modes", modes: 8 };
    const make = () => new GanAlarm({ ...{ window: 1, stops: true, coverage }, onWarning: ({ message }) => warnings.push(message) });
    const stopped: string[] = [];
    const run = { stop: (reason: string) => void stopped.push(reason) } as unknown as Run;
    const record = (modes: number) => ({
      epoch: 0,
      step: 5,
      seconds: 1,
      examplesPerSecond: 1,
      learningRate: 1,
      metrics: { "validation/modes": modes },
    });
    const alarm = make();
    alarm.onStep(run, { step: 1, batch: 0, batchSize: 8, metrics: healthy, means: healthy });
    alarm.onEpoch(run, record(8));
    alarm.onEpoch(run, record(3));
    expect(warnings).toEqual([expect.stringContaining("collapse at step 5: 3 of 8 modes are covered. Try R1")]);
    expect(stopped).toEqual(warnings);
    const resumed = make();
    resumed.restore(alarm.state());
    resumed.onEpoch(run, record(3));
    expect(warnings.length).toBe(1);
    expect(() =>
      new GanAlarm({ onWarning: () => {}, coverage: { metric: "validation/modes", modes: 8 } }).onEpoch(run, { ...record(1), metrics: {} }),
    ).toThrow('GanAlarm: expected a metric "validation/modes", got only .');
  });
});
