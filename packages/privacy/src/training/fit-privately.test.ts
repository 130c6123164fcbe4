import { cpu } from "@dl/backend-cpu";
import { type Device, openDevice, Rng, type Tensor, tanh } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { crossEntropy, Linear, type Mode, Module, Parameter, readState, Sgd } from "@dl/nn";
import type { FitSave } from "@dl/train";
import { beforeAll, expect, test } from "vitest";
import { RdpAccountant } from "../accounting/rdp-accountant.ts";
import { fitPrivately } from "./fit-privately.ts";
import { poissonSample } from "./poisson-sample.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});

const rng = new Rng(3);
const points = rng.fork("points").uniform([400, 2], -1, 1);
const labels = Int32Array.from({ length: 400 }, (_, i) => (points.data[2 * i]! + points.data[2 * i + 1]! > 0 ? 1 : 0));
const dataset = arrayDataset({ points, labels: { shape: [400], dtype: "int32", data: labels } });

class Network extends Module {
  readonly hidden: Linear = new Linear({ inputs: 2, outputs: 8, rng: rng.fork("hidden") });
  readonly head: Linear = new Linear({ inputs: 8, outputs: 2, rng: rng.fork("head") });
  forward(x: Tensor): Tensor {
    return this.head.forward(tanh(this.hidden.forward(x)));
  }
}

type Batch = { points: Tensor; labels: Tensor };
const lossesOf =
  (model: Module & { forward(x: Tensor, mode: Mode): Tensor }) =>
  ({ points, labels }: Batch, mode: Mode): Tensor =>
    crossEntropy(model.forward(points, mode), labels, { reduction: "none" });

const settings = { maxNorm: 1, noiseMultiplier: 0.8, delta: 1e-3, batchSize: 40, chunkSize: 16 } as const;

test("a Poisson sample is ascending, of the expected size, and another for another stream", () => {
  const sample = poissonSample(10_000, { rate: 0.2, rng: new Rng(1) });
  expect([...sample]).toEqual([...sample].sort((a, b) => a - b));
  // Five deviations of a binomial.
  expect(Math.abs(sample.length - 2000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.2 * 0.8));
  expect(poissonSample(10_000, { rate: 0.2, rng: new Rng(2) })).not.toEqual(sample);
  expect(poissonSample(5, { rate: 1, rng: new Rng(1) })).toEqual(Int32Array.of(0, 1, 2, 3, 4));
  expect(poissonSample(5, { rate: 0, rng: new Rng(1) }).length).toBe(0);
});

test("it learns through clipping and noise, and the account is that of its steps", async () => {
  using model = new Network();
  using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
  const result = await fitPrivately({
    device,
    model,
    optimizer,
    dataset,
    ...settings,
    epochs: 6,
    rng: new Rng(1),
    losses: lossesOf(model),
  });
  expect(result.steps).toBe(60);
  expect(result.history.at(-1)!.metrics.loss).toBeLessThan(0.35);
  const accountant = new RdpAccountant();
  accountant.add({ noiseMultiplier: 0.8, sampleRate: 0.1, steps: 60 });
  expect(result.epsilon).toBe(accountant.epsilon(1e-3));
  expect(result.history.at(-1)!.metrics.epsilon).toBe(result.epsilon);
});

test("a run stopped in the middle of an epoch goes on with the same bits, and with the account of before", async () => {
  const whole = async () => {
    using model = new Network();
    using optimizer = new Sgd(model.parameters(), { learningRate: 0.5, momentum: 0.9 });
    const { epsilon } = await fitPrivately({
      device,
      model,
      optimizer,
      dataset,
      ...settings,
      epochs: 2,
      rng: new Rng(1),
      losses: lossesOf(model),
    });
    return { weights: await readState(model), epsilon };
  };
  using model = new Network();
  using optimizer = new Sgd(model.parameters(), { learningRate: 0.5, momentum: 0.9 });
  let saved: FitSave | undefined;
  const common = { device, model, optimizer, dataset, ...settings, epochs: 2, losses: lossesOf(model) };
  const first = await fitPrivately({
    ...common,
    rng: new Rng(1),
    callbacks: [
      {
        name: "stop",
        onStep: (run, { step }) => {
          if (step === 7) run.stop("enough");
        },
        onPause: async (run) => {
          saved = await run.save();
        },
      },
    ],
  });
  expect([first.reason, first.steps]).toEqual(["enough", 7]);
  const second = await fitPrivately({ ...common, rng: new Rng(1), resume: saved! });
  const expected = await whole();
  expect(second.epsilon).toBe(expected.epsilon);
  expect(await readState(model)).toEqual(expected.weights);
});

test("steps taken with little noise stay in the account as such, whatever noise the run goes on with", async () => {
  using model = new Network();
  using optimizer = new Sgd(model.parameters(), { learningRate: 0.5 });
  let saved: FitSave | undefined;
  const common = { device, model, optimizer, dataset, ...settings, epochs: 1, losses: lossesOf(model), rng: new Rng(1) };
  await fitPrivately({
    ...common,
    noiseMultiplier: 0.5,
    callbacks: [
      {
        name: "stop",
        onStep: (run, { step }) => {
          if (step === 6) run.stop("enough");
        },
        onPause: async (run) => {
          saved = await run.save();
        },
      },
    ],
  });
  const { state, tensors } = saved!;
  const taken = { noiseMultiplier: 0.5, sampleRate: 0.1, steps: 6 };
  const account = "privacy account";
  // Another size of sample, too: 40.4 examples of 400 are as many places in an epoch.
  const changed = { ...common, noiseMultiplier: 2, batchSize: 40.4 };
  const unaccounted = { ...state.callbacks, [account]: undefined };
  for (const callbacks of [
    unaccounted,
    { ...unaccounted, [account]: [{ ...taken, steps: 5 }] },
    { ...unaccounted, [account]: [{ steps: 6 }] },
  ]) {
    await expect(fitPrivately({ ...changed, resume: { state: { ...state, callbacks }, tensors } })).rejects.toThrow(
      /expected the account of the 6 steps of the run to resume, got one of (0|5|NaN)/,
    );
  }
  const resumed = await fitPrivately({ ...changed, resume: { state: JSON.parse(JSON.stringify(state)) as typeof state, tensors } });
  expect(resumed.accountant.history).toEqual([taken, { noiseMultiplier: 2, sampleRate: 40.4 / 400, steps: 4 }]);
  const expected = new RdpAccountant();
  for (const steps of resumed.accountant.history) expected.add(steps);
  expect(resumed.epsilon).toBe(expected.epsilon(1e-3));
  const flattering = new RdpAccountant();
  flattering.add({ noiseMultiplier: 2, sampleRate: 40.4 / 400, steps: 10 });
  expect(resumed.epsilon).toBeGreaterThan(5 * flattering.epsilon(1e-3));
});

test("a model that uses a weight past its layer is refused before its first step", async () => {
  class Tied extends Module {
    readonly encode: Linear = new Linear({ inputs: 2, outputs: 2, bias: false, rng: rng.fork("encode") });
    forward(x: Tensor): Tensor {
      return this.encode.forward(x).matmul(this.encode.weight.value);
    }
  }
  using model = new Tied();
  using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
  const run = (method: "layers" | "one by one") =>
    fitPrivately({
      device,
      model,
      optimizer,
      dataset,
      ...settings,
      batchSize: 8,
      epochs: 1,
      rng: new Rng(1),
      losses: lossesOf(model),
      method,
    });
  await expect(run("layers")).rejects.toThrow(/in encode\.weight\. The model uses this weight outside/);
  expect(optimizer.step).toBe(0);
  expect((await run("one by one")).steps).toBe(50);
});

test("a loss that looks at the other examples is refused before its first step", async () => {
  using model = new Network();
  using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
  const run = (losses: (batch: Batch) => Tensor) =>
    fitPrivately({ device, model, optimizer, dataset, ...settings, epochs: 1, rng: new Rng(1), losses });
  // The gradients of these losses add up to the batch's as they should: the whole says nothing of single ones.
  const centred = ({ points, labels }: Batch): Tensor => {
    const logits = model.forward(points);
    return crossEntropy(logits.sub(logits.mean(0, { keepDims: true })), labels, { reduction: "none" });
  };
  await expect(run(centred)).rejects.toThrow(/expected an example's loss to be its own, got .* Something mixes examples/);
  await expect(run(({ points }) => model.forward(points).sum(1).div(0))).rejects.toThrow(/expected finite losses, got -?Infinity/);
  expect(optimizer.step).toBe(0);
});

test("options that cannot be are refused before anything is trained", async () => {
  using model = new Network();
  using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
  using other = new Sgd([new Parameter({ shape: [1], dtype: "float32", data: Float32Array.of(1) })], { learningRate: 1 });
  const run = (changed: object) =>
    fitPrivately({ device, model, optimizer, dataset, ...settings, epochs: 1, rng: new Rng(1), losses: lossesOf(model), ...changed });
  await expect(run({ batchSize: 401 })).rejects.toThrow(/at most the 400 examples, got 401/);
  await expect(run({ method: "layer" })).rejects.toThrow(/method "layers" or "one by one", got "layer"/);
  await expect(run({ maxNorm: 0 })).rejects.toThrow(/maxNorm > 0, got 0/);
  await expect(run({ noiseMultiplier: -1 })).rejects.toThrow(/noiseMultiplier ≥ 0, got -1/);
  await expect(run({ delta: 1 })).rejects.toThrow(/delta between 0 and 1, got 1/);
  await expect(run({ optimizer: other })).rejects.toThrow(/hold the 4 parameters of the model, got 1/);
  await expect(run({ epochs: 0.5 })).rejects.toThrow(/whole number of epochs/);
});

test("an empty sample takes its step, of noise alone", async () => {
  using model = new Network();
  using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
  const before = await readState(model);
  let empty = 0;
  await fitPrivately({
    ...{ device, model, optimizer, dataset, ...settings, batchSize: 0.5, epochs: 1, rng: new Rng(1), losses: lossesOf(model) },
    callbacks: [
      {
        name: "empty",
        onStep: (run, { metrics }) => {
          // A step without examples has no loss to tell.
          if (metrics.loss === undefined) empty = run.step;
          if (empty > 0) run.stop("seen");
        },
      },
    ],
  });
  expect(empty).toBeGreaterThan(0);
  expect(await readState(model)).not.toEqual(before);
});
