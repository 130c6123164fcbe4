/** Training on batches that other threads make. */

import { wasm } from "@dl/backend-wasm";
import { openBatchWorkers } from "@dl/data/node";
import { inference } from "@dl/nn";
import { expect, test } from "vitest";
import type { Callback, FitSave } from "./callback.ts";
import { type EvaluateOptions, evaluate } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { type Points, type PointsInput, pointsOf } from "./points-fixture.ts";
import { onDevice, optionsOf, Subject } from "./run-fixture.ts";

// Vitest resolves packages to their sources in its own way, which threads do not inherit.
const open = (input: PointsInput) =>
  openBatchWorkers<Points>(new URL("./points-fixture.ts", import.meta.url), { workers: 2, input, execArgv: ["--conditions=@dl/source"] });
const here = () => wasm({ threads: 1 });

test("a run over workers has the bits of the run over their dataset, when stopped and resumed too", () =>
  onDevice(here(), async (device) => {
    await using workers = await open({ count: 22 });
    using alone = new Subject();
    const expected = await fit(optionsOf(alone, device));
    for (const steps of [Number.POSITIVE_INFINITY, 8]) {
      using subject = new Subject();
      const options = { ...optionsOf(subject, device), dataset: workers, transform: [] };
      let resume: FitSave | undefined;
      const stop: Callback = {
        name: "stop",
        onStep: (run, { step }) => {
          if (step === steps) run.stop("enough");
        },
        onPause: async (run, moment) => {
          if (moment === "end") resume = await run.save();
        },
      };
      let result = await fit({ ...options, callbacks: [stop] });
      if (steps === 8) {
        expect(result.steps).toBe(8);
        result = await fit({ ...options, resume: resume! });
      }
      expect(result.history.map(({ metrics }) => metrics)).toEqual(expected.history.map(({ metrics }) => metrics));
      expect(await subject.bits()).toEqual(await alone.bits());
    }
  }));

test("evaluate measures what workers hold", () =>
  onDevice(here(), async (device) => {
    await using workers = await open({ count: 22, isPlain: true });
    using subject = new Subject();
    const measure = (dataset: EvaluateOptions<Points, never>["dataset"]) =>
      evaluate({ device, dataset, batchSize: 4, step: (batch) => subject.step(batch, inference) });
    expect(await measure(workers)).toEqual(await measure(pointsOf(22)));
  }));

test("a label that is no class stops training and measuring", () =>
  onDevice(here(), async (device) => {
    await using workers = await open({ count: 22, isPlain: true, isWrong: true });
    using subject = new Subject();
    const message = "expected labels from 0 to 1 (2 classes), got 2 in a batch of the workers";
    await expect(fit({ ...optionsOf(subject, device), dataset: workers, transform: [] })).rejects.toThrow(message);
    await expect(evaluate({ device, dataset: workers, step: (batch) => subject.step(batch, inference) })).rejects.toThrow(message);
  }));

test("what a pipeline says is not said beside it, and streams are looped over", () =>
  onDevice(here(), async (device) => {
    await using workers = await open({ count: 22 });
    await using changers = await open({ count: 0, isStream: true });
    using subject = new Subject();
    const options = optionsOf(subject, device);
    await expect(fit({ ...options, dataset: workers })).rejects.toThrow(
      "fit: expected no transform and no collate beside workers, got one",
    );
    await expect(fit({ ...options, dataset: changers })).rejects.toThrow("fit: expected workers whose pipeline has a dataset");
  }));
