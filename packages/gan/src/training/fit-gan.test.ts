import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { hostTensor, Rng, type Tensor } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { Adam, readCheckpoint, readState, WeightAverage, writeCheckpoint } from "@dl/nn";
import { type Callback, type FitSave, fromJson, type Run, toJson } from "@dl/train";
import { Checkpoints, checkpointName, RunFolder, resumeFrom } from "@dl/train/node";
import { describe, expect, test, vi } from "vitest";
import { hingeAdversarial, nonSaturating, wasserstein } from "../losses/adversarial-loss.ts";
import { gradientPenalty } from "../losses/gradient-penalty.ts";
import { backends, onDevice } from "../reference-fixture.ts";
import { ExampleCheck } from "./example-check.ts";
import { type FitGanOptions, fitGan } from "./fit-gan.ts";
import { GanAlarm } from "./gan-alarm.ts";
import { GanPair } from "./gan-pair.ts";
import { PointNetwork, pointsOf, ring8 } from "./gaussians-fixture.ts";
import { generateExamples, SampleGrids } from "./sample-images.ts";

type Points = { points: ReturnType<typeof hostTensor> };

/** Two tiny players with their optimizers and an average; freed together. */
class Game implements Disposable {
  readonly generator = new PointNetwork({ inputs: 4, outputs: 2, width: 8, rng: new Rng(1).fork("generator") });
  readonly discriminator = new PointNetwork({ inputs: 2, outputs: 1, width: 8, rng: new Rng(1).fork("discriminator") });
  readonly optimizers = {
    generator: new Adam(this.generator.parameters(), { learningRate: 1e-3, beta1: 0.5 }),
    discriminator: new Adam(this.discriminator.parameters(), { learningRate: 2e-3, beta1: 0.5 }),
  };
  readonly average = new WeightAverage(this.generator, { decay: 0.9 });

  options(more: Partial<FitGanOptions<Points>> = {}): Omit<FitGanOptions<Points>, "device"> {
    const { generator, discriminator, optimizers, average } = this;
    return {
      ...{ generator, discriminator, optimizers, average, field: "points", latent: 4, batchSize: 8, epochs: 2, rng: new Rng(5) },
      dataset: pointsOf(ring8, { count: 50, rng: new Rng(2) }),
      ...more,
    };
  }

  async bits(): Promise<unknown> {
    const pair = new GanPair(this.generator, this.discriminator);
    return {
      weights: await readState(pair),
      generator: await this.optimizers.generator.read(pair),
      discriminator: await this.optimizers.discriminator.read(pair),
    };
  }

  [Symbol.dispose](): void {
    for (const owner of [this.generator, this.discriminator, this.optimizers.generator, this.optimizers.discriminator, this.average]) {
      owner[Symbol.dispose]();
    }
  }
}

describe.each(backends)("on $name", ({ open }) => {
  test("a run stopped in the middle and resumed from its checkpoint ends with the same bits", async () => {
    await onDevice(open(), async (device) => {
      const rules = {
        discriminatorSteps: 2,
        penalty: ({ critic, real, fake, mode }) => gradientPenalty(critic, { real, fake, rng: mode.rng }),
      } satisfies Partial<FitGanOptions<Points>>;
      using whole = new Game();
      const straight = await fitGan({ device, ...whole.options(rules) });

      using first = new Game();
      let bytes: Uint8Array | undefined;
      const stopper: Callback = {
        name: "stopper",
        async onPause(run: Run) {
          if (run.step !== 8 || bytes) return;
          const { state, tensors } = await run.save();
          const live = { models: { model: run.model }, optimizers: { optimizer: { optimizer: run.optimizer, model: run.model } } };
          bytes = await writeCheckpoint(live, { step: run.step, extra: { fit: toJson(state) }, tensors });
          run.stop("enough");
        },
      };
      const cut = await fitGan({ device, ...first.options({ ...rules, callbacks: [stopper] }) });
      expect([cut.reason, cut.steps]).toEqual(["enough", 8]);

      using second = new Game();
      const model = new GanPair(second.generator, second.discriminator);
      const live = { models: { model }, optimizers: { optimizer: { optimizer: second.optimizers.generator, model } } };
      const { extra, tensors } = readCheckpoint(bytes!, live);
      const resume: FitSave = { state: fromJson(extra.fit!) as FitSave["state"], tensors };
      const rest = await fitGan({ device, ...second.options({ ...rules, resume }) });
      expect(await second.bits()).toEqual(await whole.bits());
      expect(rest.history.map(({ metrics }) => metrics)).toEqual(straight.history.map(({ metrics }) => metrics));
      expect(rest.reason).toBe("finished");
    });
  });
});

test("the generator moves at every n-th step of the discriminator, and only then", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    const moved: boolean[] = [];
    const watch: Callback = { name: "watch", onStep: (_, { metrics }) => void moved.push("generatorLoss" in metrics) };
    await fitGan({ device, ...game.options({ discriminatorSteps: 3, epochs: 1, callbacks: [watch] }) });
    expect(moved).toEqual([false, false, true, false, false, true]);
    expect([game.optimizers.generator.step, game.optimizers.discriminator.step]).toEqual([2, 6]);
  });
});

test("the average of the generator's weights moves when the generator does", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    using average = new WeightAverage(game.generator, { decay: 0.9 });
    const moves = vi.spyOn(average, "update");
    await fitGan({ device, ...game.options({ discriminatorSteps: 3, epochs: 1, average }) });
    // At the steps 1, where it begins, 3 and 6.
    expect(moves).toHaveBeenCalledTimes(3);
  });
});

test("what a step tells: losses of ln 4 and ln 2 for a discriminator that says 0 to everything", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    for (const parameter of game.discriminator.parameters()) parameter.load(hostTensor(new Float32Array(parameter.size), parameter.shape));
    let told: Readonly<Record<string, number>> = {};
    const first: Callback = {
      name: "first",
      onStep(run, { metrics }) {
        told = metrics;
        run.stop("seen");
      },
    };
    await fitGan({ device, ...game.options({ loss: nonSaturating(), callbacks: [first] }) });
    expect(told.discriminatorLoss).toBeCloseTo(2 * Math.LN2, 5);
    expect([told.realScore, told.fakeScore, told.penalty]).toEqual([0, 0, 0]);
    // 0 is not above the boundary: everything counts as fake.
    expect([told.realAccuracy, told.fakeAccuracy]).toEqual([0, 1]);
    expect(told.generatorLoss).toBeCloseTo(Math.LN2, 2);
    expect(Object.keys(told)).toEqual(
      expect.arrayContaining(["discriminatorGradient", "generatorGradient", "lossRatio", "diversity", "nearest"]),
    );
  });
});

test("a loss that is no number ends the run, and says what to try", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    const { reason, steps } = await fitGan({
      device,
      ...game.options({ penalty: ({ real }) => real.sum().mul(Number.NaN) as never }),
    });
    expect(steps).toBe(1);
    expect(reason).toMatch(/^penalty is NaN at step 1: go back to the last checkpoint, and try smaller learning rates/);
  });
});

test("a run that diverges leaves its last good checkpoint, from which both players go on", async () => {
  const parent = mkdtempSync(join(tmpdir(), "dl-gan-"));
  try {
    await onDevice(cpu(), async (device) => {
      await using folder = await RunFolder.open(join(parent, "run"));
      using game = new Game();
      const callbacks = [new Checkpoints({ folder, everySeconds: 0 })];
      const diverging = {
        penalty: ({ critic, real, step }) =>
          critic(real)
            .mean()
            .mul(step < 8 ? 0 : Number.NaN),
      } satisfies Partial<FitGanOptions<Points>>;
      const { reason } = await fitGan({ device, ...game.options({ callbacks, ...diverging }) });
      expect(reason).toMatch(/^penalty is NaN at step 9: go back to the last checkpoint/);
      using again = new Game();
      const model = new GanPair(again.generator, again.discriminator);
      const resume = await resumeFrom(folder.file(checkpointName), { model, optimizer: again.optimizers.generator });
      expect(resume.state.step).toBe(8);
      const rest = await fitGan({ device, ...again.options({ resume }) });
      expect([rest.reason, rest.steps, again.optimizers.discriminator.step]).toEqual(["finished", 12, 12]);
      for (const { data } of (await readState(model)).values()) expect(data.every(Number.isFinite)).toBe(true);
    });
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test("few distinct examples end no run: a ratio to nothing is not told", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    // Two points, fifty times: each batch of two is a pair of different ones, or of copies.
    const data = Float32Array.from({ length: 100 }, (_, i) => (i % 4 < 2 ? 1 : -1));
    const told: Readonly<Record<string, number>>[] = [];
    const { reason } = await fitGan({
      device,
      ...game.options({ dataset: arrayDataset({ points: hostTensor(data, [50, 2]) }), batchSize: 2, rng: new Rng(6) }),
      callbacks: [{ name: "watch", onStep: (_, { metrics }) => void told.push(metrics) }, new GanAlarm({ window: 1, onWarning: () => {} })],
    });
    expect(reason).toBe("finished");
    const copies = told.filter((metrics) => !("nearest" in metrics));
    expect(copies.length).toBeGreaterThan(5);
    expect(copies.length).toBeLessThan(told.length);
    for (const metrics of copies) expect(metrics).not.toHaveProperty("diversity");
    expect(told.every((metrics) => Object.values(metrics).every(Number.isFinite))).toBe(true);
  });
});

test("clipped critics stay clipped, and the average stands in for the generator at the end", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    await fitGan({ device, ...game.options({ loss: wasserstein(), clipWeight: 0.05 }) });
    for (const parameter of game.discriminator.parameters()) {
      for (const weight of (await parameter.read()).data) expect(Math.abs(weight)).toBeLessThanOrEqual(Math.fround(0.05));
    }
    await expect(game.average.read(game.generator)).rejects.toThrow("the model's own weights in place, got the average");
  });
});

test("an auxiliary classifier's loss reaches both players", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    const losses: number[] = [];
    const run = (weight: number) =>
      fitGan({
        device,
        ...game.options({
          epochs: 1,
          discriminate: (x) => ({ scores: game.discriminator.forward(x), classes: x }),
          auxiliary: ({ classes }) => classes!.square().mean().mul(weight),
          callbacks: [{ name: `watch`, onStep: (_, { metrics }) => void losses.push(metrics.generatorLoss!) }],
        }),
      });
    await run(1000);
    // The second part pulls every point to the origin, and is in the generator's loss from the first step on.
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  });
});

test("bad options and data are named", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    const train = (more: Partial<FitGanOptions<Points>>) => fitGan({ device, ...game.options(more) });
    await expect(train({ batchSize: 1 })).rejects.toThrow("fitGan: expected a whole batchSize ≥ 2, got 1.");
    await expect(train({ batchSize: 64 })).rejects.toThrow(
      "fitGan: expected at least one batch an epoch, got none: dropLast leaves out the only one (50 examples, batchSize 64)",
    );
    await expect(train({ discriminatorSteps: 0 })).rejects.toThrow("expected a whole number of discriminatorSteps ≥ 1, got 0");
    await expect(
      train({ optimizers: { generator: game.optimizers.discriminator, discriminator: game.optimizers.discriminator } }),
    ).rejects.toThrow("expected optimizers.generator to hold parameters of the generator only");
    await expect(train({ field: "images" as never })).rejects.toThrow('expected a field "images" in the dataset, got points.');
    await expect(train({ generate: (latents) => latents })).rejects.toThrow(
      "fitGan: expected a generator of examples [8, 2], as the real ones are, got [8, 4]. Resize the data",
    );
    const all = (value: number) => arrayDataset({ points: hostTensor(new Float32Array(100).fill(value), [50, 2]) });
    await expect(train({ dataset: all(3) })).rejects.toThrow("fitGan: expected points that differ, got 32 equal ones.");
    await expect(train({ dataset: all(Number.NaN) })).rejects.toThrow("fitGan: expected points that are numbers, got NaN in example 0");
  });
});

test("images of bytes are told how to become what a generator can make; large numbers that are no images are left alone", () => {
  const options = { where: "fitGan", field: "images", examples: 2 };
  const pixels = hostTensor(Float32Array.of(0, 255, 127, 3), [2, 1, 2, 1]);
  expect(() => new ExampleCheck(options).check(pixels)).toThrow(/\[−1, 1\] after tanh, got bytes\. Make x \/ 127\.5 − 1/);
  expect(() => new ExampleCheck(options).check(hostTensor(Float32Array.of(0, 255.5, 127, 3), [2, 1, 2, 1]))).not.toThrow();
  expect(() => new ExampleCheck(options).check(hostTensor(Float32Array.of(0, 1, 1, 0), [2, 1, 2, 1]))).not.toThrow();
  expect(() => new ExampleCheck(options).check(hostTensor(pixels.data, [2, 2]))).not.toThrow();
});

test("grids of the same latents are written after each epoch", async () => {
  await onDevice(cpu(), async (device) => {
    using game = new Game();
    const pictures = new Map<string, Uint8Array>();
    const latents = new Rng(8).normal([6, 4]);
    const grids = new SampleGrids({
      latents,
      generate: (latents) => game.generator.forward(latents).reshape([-1, 2, 1, 1]),
      write: (name, png) => void pictures.set(name, png),
    });
    await fitGan({ device, ...game.options({ loss: hingeAdversarial(), callbacks: [grids] }) });
    expect([...pictures.keys()]).toEqual(["epoch-0001.png", "epoch-0002.png"]);
    expect(pictures.get("epoch-0001.png")).not.toEqual(pictures.get("epoch-0002.png"));
    expect(() => new SampleGrids({ latents, write: () => {}, everyEpochs: 0 })).toThrow("whole number of everyEpochs ≥ 1, got 0");
    const generate = (latents: Tensor) => latents;
    await expect(generateExamples({ device, latents, generate, batchSize: 0 })).rejects.toThrow("whole batchSize ≥ 1, got 0");
  });
});
