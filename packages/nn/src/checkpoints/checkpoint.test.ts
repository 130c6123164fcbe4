import { CheckpointError, type Device, type HostTensor, hostTensor, Rng, relu, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { BatchNorm } from "../layers/batch-norm.ts";
import { Dropout } from "../layers/dropout.ts";
import { Linear } from "../layers/linear.ts";
import { Sequential } from "../layers/sequential.ts";
import { meanSquaredError } from "../losses/regression.ts";
import { inference, training } from "../mode.ts";
import { AdamW } from "../optimizers/adamw.ts";
import { Sgd } from "../optimizers/sgd.ts";
import { WeightAverage } from "../optimizers/weight-average.ts";
import { onDevice, precisions } from "../reference-fixture.ts";
import { readSafetensors, writeSafetensors } from "../safetensors/safetensors.ts";
import * as schedules from "../schedules/index.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { loadState, readState } from "./state.ts";

const build = (seed: number): Sequential => {
  const rng = new Rng(seed);
  return new Sequential([
    new Linear({ inputs: 3, outputs: 8, rng: rng.fork("a") }),
    new BatchNorm({ channels: 8 }),
    relu,
    new Dropout({ rate: 0.3 }),
    new Linear({ inputs: 8, outputs: 1, rng: rng.fork("b") }),
  ]);
};

/** A run with everything that has state: weights, running statistics, moments, schedule, dropout, data order, average. */
class Training implements Disposable {
  readonly model: Sequential;
  readonly optimizer: AdamW;
  readonly average: WeightAverage;
  rng = new Rng(1);
  step = 0;
  loss = NaN;

  constructor(seed: number) {
    this.model = build(seed);
    const learningRate = schedules.warmUp(schedules.cosine(0.05, { steps: 20 }), { steps: 3 });
    this.optimizer = new AdamW(this.model.parameters(), { learningRate });
    this.average = new WeightAverage(this.model, { decay: 0.9 });
  }

  get run() {
    const { model, optimizer, average } = this;
    return { models: { net: model }, optimizers: { adam: { optimizer, model }, average: { optimizer: average, model } } };
  }

  async steps(device: Device, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const x = this.rng.normal([16, 3]);
      this.loss = await device.compute(() => {
        const target: Tensor = tensor(x).sum(1, { keepDims: true });
        const { value, grads } = valueAndGrad(
          () => meanSquaredError(this.model.forward(tensor(x), training(this.rng)), target),
          this.model.parameters(),
        );
        this.optimizer.update(grads);
        this.average.update();
        return value;
      });
      this.step++;
    }
  }

  save(): Promise<Uint8Array> {
    const { step, loss, rng } = this;
    return writeCheckpoint(this.run, {
      step,
      rngs: { main: rng.state },
      metrics: { loss, worst: Infinity },
      extra: { epoch: 2, order: [3, 1] },
    });
  }

  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
    this.average[Symbol.dispose]();
  }
}

describe.each(precisions)("resuming, on $name", (precision) => {
  test("gives the same bits as never having stopped", async () => {
    await onDevice(precision.backend(), async (device) => {
      using whole = new Training(1);
      await whole.steps(device, 4);
      const file = await whole.save();
      await whole.steps(device, 4);

      using resumed = new Training(2); // other weights, to be overwritten
      const progress = readCheckpoint(file, resumed.run);
      resumed.rng = Rng.fromState(progress.rngs.main!);
      resumed.step = progress.step;
      await resumed.steps(device, 4);

      expect(progress.metrics.worst).toBe(Infinity);
      expect(progress.extra).toEqual({ epoch: 2, order: [3, 1] });
      expect(resumed.loss).toBe(whole.loss);
      expect(await resumed.save()).toEqual(await whole.save());
    });
  });
});

test("live buffers stay as many from the second step on", async () => {
  await onDevice(precisions.at(-1)!.backend(), async (device) => {
    using run = new Training(1);
    await run.steps(device, 2);
    const { buffers, bytes } = device.memory();
    await run.steps(device, 50);
    expect(device.memory()).toMatchObject({ buffers, bytes });
  });
});

describe("a checkpoint file", () => {
  test("is safetensors with names anyone can read", async () => {
    using run = new Training(1);
    const { tensors, metadata } = readSafetensors(await run.save());
    expect(metadata.get("format")).toBe("dl-checkpoint-1");
    expect([...tensors.keys()]).toContain("model.net.layers.0.weight");
    expect([...tensors.keys()]).toContain("model.net.layers.1.runningMean");
    expect([...tensors.keys()]).toContain("optimizer.adam.layers.0.weight.firstMoment");
  });

  test("of weights alone, of another run, or damaged is refused, and nothing is loaded", async () => {
    using run = new Training(1);
    const before = await readState(run.model);
    const weights = writeSafetensors(before);
    expect(() => readCheckpoint(weights, run.run, { file: "w.safetensors" })).toThrow(
      /^w\.safetensors: expected a checkpoint of a run .* loadState/,
    );
    const file = await run.save();
    expect(() => readCheckpoint(file, { models: { other: run.model } })).toThrow(/expected models \[other\], got \[net\]/);
    expect(() => readCheckpoint(file, { models: { net: run.model } })).toThrow(/expected optimizers \[\], got \[adam, average\]/);
    expect(() => readCheckpoint(file.subarray(0, file.length - 4), run.run)).toThrow(CheckpointError);
    using momentum = new Sgd(run.model.parameters(), { learningRate: 1, momentum: 0.9 });
    const optimizers = { ...run.run.optimizers, adam: { optimizer: momentum, model: run.model } };
    run.model.parameters()[0]!.load(hostTensor(new Float32Array(24), [3, 8]));
    const changed = await readState(run.model);
    expect(() => readCheckpoint(file, { models: { net: run.model }, optimizers }, { file: "last.safetensors" })).toThrow(
      /^last\.safetensors: optimizer adam: Sgd\.load: expected a tensor "layers\.0\.weight\.velocity", got none/,
    );
    expect(await readState(run.model)).toEqual(changed);
    run.model.parameters()[0]!.load(before.get("layers.0.weight")!);
    expect(await readState(run.model)).toEqual(before);
  });
});

describe("a run that does not fit is left as it is", () => {
  test("when the second of two optimizers is another, or a tensor beside them cannot be read", async () => {
    await onDevice(precisions[0]!.backend(), async (device) => {
      using saved = new Training(1);
      await saved.steps(device, 2);
      using run = new Training(2);
      using momentum = new Sgd(run.model.parameters(), { learningRate: 1, momentum: 0.9 });
      const before = await run.save();
      const file = await saved.save();
      const wrong = { ...run.run, optimizers: { ...run.run.optimizers, average: { optimizer: momentum, model: run.model } } };
      expect(() => readCheckpoint(file, wrong)).toThrow(/optimizer average: Sgd\.load: expected a tensor/);
      const { tensors, metadata } = readSafetensors(file);
      const large = new Map([...tensors, ["extra.large", { dtype: "I64", shape: [1], bytes: new Uint8Array(8).fill(127) }]] as const);
      expect(() => readCheckpoint(writeSafetensors(large as never, { metadata }), run.run)).toThrow(CheckpointError);
      expect(await run.save()).toEqual(before);
    });
  });

  test("when the record of the run is not what is written", () => {
    const file = (run: unknown) => writeSafetensors(new Map(), { metadata: { format: "dl-checkpoint-1", run: JSON.stringify(run) } });
    expect(readCheckpoint(file({ step: 1, metrics: {} }), { models: {} }).step).toBe(1);
    for (const bad of [
      { step: -1, metrics: {} },
      { step: 1, metrics: {}, rngs: 3 },
      { step: 1, metrics: [], extra: {} },
      { step: 1, metrics: {}, optimizerSteps: "a" },
    ]) {
      expect(() => readCheckpoint(file(bad), { models: {} })).toThrow(/metadata "run" is not what writeCheckpoint writes/);
    }
  });
});

test("what could not be read again is not written; a model without parameters is read", async () => {
  using model = build(1);
  await expect(writeCheckpoint({ models: { "a.b": model } }, { step: 1 })).rejects.toThrow(
    /names of models and optimizers without dots, got "a\.b"/,
  );
  await expect(writeCheckpoint({ models: {} }, { step: NaN })).rejects.toThrow(/expected a step, a whole number ≥ 0, got NaN/);
  const run = { models: { model, activation: new Sequential([relu]) } };
  expect(readCheckpoint(await writeCheckpoint(run, { step: 3 }), run).step).toBe(3);
});

describe("a model's state", () => {
  test("goes out and comes back through safetensors", async () => {
    using a = build(1);
    using b = build(2);
    const bytes = writeSafetensors(await readState(a));
    expect(loadState(b, readSafetensors(bytes).tensors)).toEqual({ missing: [], unexpected: [] });
    expect(await readState(b)).toEqual(await readState(a));
  });

  test("names what is missing, unexpected and mis-shaped, all at once, and changes nothing", async () => {
    using model = build(1);
    const before = await readState(model);
    const tensors = new Map(before);
    tensors.delete("layers.4.bias");
    tensors.set("extra", hostTensor(Float32Array.of(1), [1]));
    tensors.set("layers.0.weight", hostTensor(new Float32Array(24), [8, 3]));
    tensors.set("layers.1.weight", hostTensor(new Int32Array(8), [8]));
    const load = (): unknown => loadState(model, tensors);
    expect(load).toThrow(CheckpointError);
    expect(load).toThrow(
      /loadState Sequential: .*layers\.0\.weight: expected shape \[3, 8\], got \[8, 3\]; layers\.1\.weight: expected float32, got int32; missing: layers\.4\.bias; unexpected: extra\./,
    );
    expect(await readState(model)).toEqual(before);
  });

  test("a file full of NaN is refused by name, and taken when asked for", async () => {
    using model = build(1);
    const tensors = new Map(await readState(model));
    tensors.set("layers.4.bias", hostTensor(Float32Array.of(NaN), [1]));
    expect(() => loadState(model, tensors)).toThrow(/layers\.4\.bias: holds NaN, first at element 0/);
    loadState(model, tensors, { nan: "accept" });
    expect((await readState(model)).get("layers.4.bias")!.data[0]).toBeNaN();
  });

  test("not strict: what fits is loaded, the rest is told", async () => {
    using model = build(1);
    const bias = hostTensor(Float32Array.of(5), [1]);
    const report = loadState(
      model,
      new Map([
        ["layers.4.bias", bias],
        ["head", bias],
      ]),
      { strict: false },
    );
    expect(report.unexpected).toEqual(["head"]);
    expect(report.missing).not.toContain("layers.4.bias");
    expect((await readState(model)).get("layers.4.bias")).toEqual(bias);
  });

  test("a map renames, transposes and leaves out: a PyTorch state dict", async () => {
    await onDevice(precisions[0]!.backend(), async (device) => {
      using model = new Sequential([new Linear({ inputs: 2, outputs: 3, rng: new Rng(0) })]);
      const fromTorch = new Map([
        ["0.weight", hostTensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2])], // [out, in]
        ["0.bias", hostTensor(Float32Array.of(0, 0, 0), [3])],
        ["0.num_batches_tracked", hostTensor(Int32Array.of(7), [])],
      ]);
      const transpose = ({ data }: HostTensor): HostTensor =>
        hostTensor(Float32Array.of(data[0]!, data[2]!, data[4]!, data[1]!, data[3]!, data[5]!), [2, 3]);
      loadState(model, fromTorch, {
        map: (name) =>
          name.endsWith("tracked")
            ? undefined
            : name.endsWith("weight")
              ? { path: `layers.${name}`, convert: transpose }
              : `layers.${name}`,
      });
      const y = await device.compute(() => model.forward(tensor([[1, 10]]), inference));
      expect([...y.data]).toEqual([21, 43, 65]);
    });
  });
});
