import { type Cell, CheckpointError, hostTensor, mean, Rng } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { inference, Linear, readState, Sequential, Sgd, WeightAverage } from "@dl/nn";
import { expect, test } from "vitest";
import type { FitSave } from "./callback.ts";
import { EarlyStopping } from "./callbacks/early-stopping.ts";
import type { Average } from "./epoch-loop.ts";
import { EqualAverage } from "./equal-average.ts";
import { fit } from "./fit.ts";
import { backends, onDevice, optionsOf, Subject } from "./run-fixture.ts";

/** One weight w that starts at 0 and grows by 1 a step; 2 steps an epoch. */
async function grown(averageOf: (model: Sequential) => Average & Disposable, { epochs }: { epochs: number }) {
  const seen = { validation: [] as number[], epoch: [] as number[], pause: [] as number[], end: Number.NaN };
  await onDevice(backends[0]!.open(), async (device) => {
    using model = new Sequential([new Linear({ inputs: 1, outputs: 1, bias: false, rng: new Rng(0) })]);
    const [weight] = model.parameters() as [Cell];
    weight.load(hostTensor(Float32Array.of(0), [1, 1]));
    using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
    using average = averageOf(model);
    const read = async (): Promise<number> => (await weight.read()).data[0] as number;
    await fit({
      device,
      model,
      optimizer,
      average,
      dataset: arrayDataset({ x: hostTensor(Float32Array.of(-1, -1), [2, 1]) }),
      batchSize: 1,
      epochs,
      rng: new Rng(0),
      step: ({ x }) => mean(model.forward(x, inference)),
      validate: async () => {
        seen.validation.push(await read());
        return {};
      },
      callbacks: [
        { name: "spy", onEpoch: async () => void seen.epoch.push(await read()), onPause: async () => void seen.pause.push(await read()) },
      ],
    });
    seen.end = await read();
  });
  return seen;
}

test("an equal average is the plain mean; validation and onEpoch see it, steps and pauses the weights themselves; worked by hand", async () => {
  const seen = await grown((model) => new EqualAverage(model), { epochs: 2 });
  // After steps 1…4 w is 1, 2, 3, 4: means 1.5 after the first epoch and 2.5 after the second.
  expect(seen).toEqual({ validation: [1.5, 2.5], epoch: [1.5, 2.5], pause: [1, 2, 2, 3, 4, 4, 4], end: 2.5 });
});

test("it starts late and takes every so many; until then the weights stand", async () => {
  const seen = await grown((model) => new EqualAverage(model, { start: 2, every: 2 }), { epochs: 3 });
  // Steps 4 and 6 are taken in.
  expect(seen.validation).toEqual([2, 4, 5]);
  expect(seen.end).toBe(5);
});

test("an exponential average moves by its decay", async () => {
  const seen = await grown((model) => new WeightAverage(model, { decay: 0.1 }), { epochs: 1 });
  // 1, then 0.1 · 1 + 0.9 · 2.
  expect(seen.end).toBeCloseTo(1.9, 6);
});

test("early stopping gives back the averaged weights of the best epoch", () =>
  onDevice(backends[0]!.open(), async (device) => {
    using subject = new Subject();
    using average = new EqualAverage(subject.model);
    let first: unknown;
    await fit({
      ...optionsOf(subject, device),
      average,
      callbacks: [
        new EarlyStopping({ monitor: "loss", minDelta: 100, patience: 1 }),
        {
          name: "spy",
          onEpoch: async ({ model }) => {
            first ??= await readState(model);
          },
        },
      ],
    });
    expect(await readState(subject.model)).toEqual(first);
  }));

test("an equal average is saved with the run, and a run that goes on in memory has the same bits", () =>
  onDevice(backends[0]!.open(), async (device) => {
    using whole = new Subject();
    using wholeAverage = new EqualAverage(whole.model, { start: 3, every: 2 });
    await fit({ ...optionsOf(whole, device), average: wholeAverage });

    using subject = new Subject();
    using average = new EqualAverage(subject.model, { start: 3, every: 2 });
    let save: FitSave | undefined;
    let live: { weights: Awaited<ReturnType<typeof readState>>; optimizer: Awaited<ReturnType<typeof subject.optimizer.read>> } | undefined;
    await fit({
      ...optionsOf(subject, device),
      average,
      callbacks: [
        {
          name: "save",
          onPause: async (run, moment) => {
            if (run.step !== 8 || moment !== "step") return;
            save = await run.save();
            live = { weights: await readState(run.model), optimizer: await run.optimizer.read(run.model) };
            run.stop("saved");
          },
        },
      ],
    });
    using other = new Subject({ seed: 5 });
    using otherAverage = new EqualAverage(other.model, { start: 3, every: 2 });
    for (const [path, cell] of other.model.state()) cell.load(live!.weights.get(path)!);
    other.optimizer.load(other.model, live!.optimizer);
    expect([...save!.tensors.keys()]).toContain("average/layers.0.weight");
    await fit({ ...optionsOf(other, device), average: otherAverage, resume: save! });
    expect(await other.bits()).toEqual(await whole.bits());
  }));

test("an average that stands in the model takes no steps, and a file without it is refused", () =>
  onDevice(backends[0]!.open(), async (device) => {
    using subject = new Subject();
    using average = new EqualAverage(subject.model);
    await fit({ ...optionsOf(subject, device), epochs: 1, average });
    await expect(average.read()).rejects.toThrow("Call swap() first");
    await device.compute(() => average.swap());
    expect(() => average.load(subject.model, { step: 1, tensors: new Map() })).toThrow(CheckpointError);
    expect(() => new EqualAverage(subject.model, { every: 0 })).toThrow("expected a whole every ≥ 1, got 0");
  }));
