import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { type Device, openDevice, Rng, type Tensor } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { float, record, TrialFailed, TrialStopped, type TrialTask } from "@dl/nas";
import { Adam, Linear, meanSquaredError, schedules } from "@dl/nn";
import { evaluate, fit } from "@dl/train";
import { Checkpoints, checkpointName, RunFolder } from "@dl/train/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Hyperparameters } from "../recipes/recipe.ts";
import type { TaskRecipe, TaskRun, TaskTraining } from "../recipes/task-recipe.ts";
import { takeOver } from "../take-over.ts";
import { fitInFolder } from "../task-training.ts";
import { tryTask } from "./task-trial.ts";
import type { TrainingTrialInput } from "./trial-input.ts";

/** Points of a line, and noise. */
function line(count: number, seed: number) {
  const inputs = new Rng(seed).normal([count, 1]);
  const targets = new Rng(seed + 1).normal([count, 1], 0, 0.1);
  for (let i = 0; i < count; i++) targets.data[i]! += 3 * inputs.data[i]! - 1;
  return arrayDataset({ inputs, targets });
}

const lossOf = (model: Linear, { inputs, targets }: Record<"inputs" | "targets", Tensor>) =>
  meanSquaredError(model.forward(inputs), targets);

/** A recipe of another form, as gpt-shakespeare is one: its schedule is as long as the run. */
async function train({ settings, ...run }: TaskRun, { device, folder, resume, takesOver = false, signal, callbacks = [] }: TaskTraining) {
  using model = new Linear({ inputs: 1, outputs: 1, rng: new Rng(settings.seed).fork("init") });
  const learningRate = schedules.cosine(settings.learningRate, { steps: settings.epochs * Math.ceil(16 / settings.batchSize) });
  using optimizer = new Adam(model.parameters(), { learningRate });
  const fitted = await fitInFolder(
    { settings, ...run },
    {
      ...{ device, folder, resume, takesOver, signal, callbacks, model, optimizer, unit: "points", dataset: line(16, 1) },
      step: (batch) => lossOf(model, batch as Record<"inputs" | "targets", Tensor>),
      validate: () => evaluate({ device, dataset: line(20, 7), signal, step: (batch) => ({ loss: lossOf(model, batch) }) }),
    },
  );
  return { ...fitted, metrics: { "test/loss": fitted.history.at(-1)?.metrics["validation/loss"] ?? Number.NaN } };
}

const recipe: TaskRecipe = {
  name: "line",
  title: "A line",
  presets: [{ name: "default", summary: "", defaults: { epochs: 9, batchSize: 4, learningRate: 0.1 } }],
  search: {
    space: record({ learningRate: float(1e-9, 1, { log: true }) }),
    trial: { epochs: 9, limit: null },
    tried: (preset, value) => ({ ...preset, defaults: { ...preset.defaults, ...(value as Partial<Hyperparameters>) } }),
    trained: (preset) => preset,
  },
  train,
  evaluate: async () => ({}),
};

let root: string;
let device: Device;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "dl-trials-"));
  device = await openDevice(cpu());
});
afterAll(async () => {
  await device[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

function inputIn(folder: string | null, { mustGoOn = false }: { mustGoOn?: boolean } = {}): TrainingTrialInput {
  const settings = { recipe: "line", preset: "default", seed: 1, epochs: 9, limit: null, costs: [], backend: "cpu", threads: 1 };
  return { ...settings, folder, mustGoOn };
}

/** Tries a candidate; gives its loss, the epochs it reported, and whether it began anew. */
async function tried(settings: TrainingTrialInput, task: Partial<TrialTask<unknown>>) {
  const epochs: number[] = [];
  let anew = false;
  const whole: TrialTask<unknown> = {
    ...{ value: { learningRate: 0.1 }, number: 0, seed: 0, budget: undefined, from: undefined, attempt: 1 },
    signal: new AbortController().signal,
    beginAnew: () => {
      anew = true;
    },
    report: async (epoch) => void epochs.push(epoch),
    ...task,
  };
  const { loss } = await tryTask(recipe, whole, { settings, device });
  return { loss, epochs, anew };
}

describe("a trial of a recipe that trains itself", () => {
  test("that goes on from another ends where one ends that trained it all, and reports each epoch of its own", async () => {
    const input = inputIn(join(root, "on"));
    const first = await tried(input, { number: 0, budget: 1 });
    // A part of the longest budget, as Hyperband's are, in whole epochs.
    const second = await tried(input, { number: 1, budget: 9 / 3.1, from: 0 });
    const third = await tried(input, { number: 2, budget: 9, from: 1 });
    expect([first.epochs, second.epochs, third.epochs]).toEqual([[1], [2, 3], [4, 5, 6, 7, 8, 9]]);
    const whole = await tried(inputIn(null), {});
    expect(third.loss).toBe(whole.loss);
    expect(first.loss).toBeGreaterThan(third.loss!);
    expect([first, second, third, whole].map(({ anew }) => anew)).toEqual([false, false, false, false]);
    // Nothing is left but what others may go on from.
    expect(await readdir(join(root, "on"))).toEqual(["trials"]);
    expect(await readdir(join(root, "on", "trials", "1"))).toEqual([checkpointName]);
  });

  test("takes over the weights of another candidate: with a rate near zero it stays where that one was", async () => {
    const input = inputIn(join(root, "population"), { mustGoOn: true });
    const parent = await tried(input, { number: 0, budget: 4 });
    const child = await tried(input, { number: 1, budget: 5, from: 0, value: { learningRate: 1e-9 } });
    expect(child.loss).toBeCloseTo(parent.loss!, 5);
    const otherBatches = await tried(input, { number: 2, budget: 9, from: 1, value: { learningRate: 1e-9, batchSize: 8 } });
    expect(otherBatches.epochs).toEqual([6, 7, 8, 9]);
    expect(otherBatches.loss).toBeCloseTo(parent.loss!, 5);
  });

  test("without the state of the other it begins anew and says so, or fails where it must not", async () => {
    for (const folder of [null, join(root, "empty")]) {
      const anew = await tried(inputIn(folder), { number: 5, budget: 3, from: 4 });
      expect([anew.anew, anew.epochs]).toEqual([true, [1, 2, 3]]);
      await expect(tried(inputIn(folder, { mustGoOn: true }), { number: 5, budget: 3, from: 4 })).rejects.toThrow(
        "trial 5: expected the weights of trial 4",
      );
    }
  });

  test("ends when it is stopped, fails when its loss is no number, and leaves nothing behind", async () => {
    const input = inputIn(join(root, "stopped"));
    const report = async (step: number, score: number): Promise<void> => {
      if (step === 2) throw new TrialStopped({ step, score });
    };
    await expect(tried(input, { budget: 5, report })).rejects.toBeInstanceOf(TrialStopped);
    await expect(tried(input, { budget: 5, value: { learningRate: 1e38 } })).rejects.toBeInstanceOf(TrialFailed);
    expect(await readdir(join(root, "stopped"))).toEqual([]);
  });
});

test("a run goes on from another's weights with other batches, its schedule at the epoch where that one was", async () => {
  const options = (batchSize: number) => {
    const model = new Linear({ inputs: 1, outputs: 1, rng: new Rng(1) });
    const optimizer = new Adam(model.parameters(), { learningRate: schedules.cosine(0.1, { steps: (4 * 16) / batchSize }) });
    const step = (batch: Record<"inputs" | "targets", Tensor>) => lossOf(model, batch);
    return { device, model, optimizer, dataset: line(16, 1), batchSize, rng: new Rng(2), step };
  };
  await using folder = await RunFolder.open(join(root, "batches"));
  const before = options(4);
  await fit({ ...before, epochs: 2, callbacks: [new Checkpoints({ folder })] });
  const after = options(8);
  const { model, optimizer } = after;
  const resume = await takeOver(folder.file(checkpointName), { model, optimizer, batchSize: 8, stepsPerEpoch: 2 });
  expect([resume.state.epoch, resume.state.step, optimizer.step]).toEqual([2, 4, 4]);
  // Half of the schedule is over: half of the rate.
  expect(optimizer.learningRates[0]).toBeCloseTo(0.05, 6);
  const { history, steps } = await fit({ ...after, epochs: 4, resume });
  expect([history.map(({ epoch }) => epoch), steps]).toEqual([[0, 1, 2, 3], 8]);
  for (const { model, optimizer } of [before, after]) {
    model[Symbol.dispose]();
    optimizer[Symbol.dispose]();
  }
});
