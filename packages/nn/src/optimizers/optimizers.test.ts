import { type Cell, type HostTensor, hostTensor, OptionError, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { decode, type Encoded, expectClose, onDevice, precisions, readJson, transposed } from "../reference-fixture.ts";
import * as schedules from "../schedules/index.ts";
import { Adadelta } from "./adadelta.ts";
import { Adafactor } from "./adafactor.ts";
import { Adagrad } from "./adagrad.ts";
import { Adam } from "./adam.ts";
import { Adamax } from "./adamax.ts";
import { AdamW } from "./adamw.ts";
import { clipByGlobalNorm, clipByValue, globalNorm } from "./clip.ts";
import { decayGroups } from "./decay-groups.ts";
import { GradientAccumulator } from "./gradient-accumulator.ts";
import { Lamb } from "./lamb.ts";
import { Lion } from "./lion.ts";
import { Muon } from "./muon.ts";
import { NAdam } from "./nadam.ts";
import type { CommonOptions, Optimizer } from "./optimizer.ts";
import { RAdam } from "./radam.ts";
import { RmsProp } from "./rmsprop.ts";
import { Sgd } from "./sgd.ts";
import { WeightAverage } from "./weight-average.ts";

interface OptimizerRun {
  optimizer: string;
  args: {
    lr: number;
    momentum?: number;
    nesterov?: boolean;
    weight_decay?: number;
    amsgrad?: boolean;
    betas?: [number, number];
    rho?: number;
    beta2_decay?: number;
    d?: number;
    lr_decay?: number;
    initial_accumulator_value?: number;
    decoupled_weight_decay?: boolean;
  };
  param_indices: number[];
  params_after_step: Encoded[][];
}
interface OptimizerFile {
  params0: Encoded[];
  grads: Encoded[][];
  runs: OptimizerRun[];
}
const runs = ["optimizers", "more-optimizers"].flatMap((name) => {
  const { params0, grads, runs } = readJson<OptimizerFile>(`optim/${name}.json`);
  return runs.map((run) => ({ ...run, params0, grads }));
});

class Weights extends Module {
  readonly weights: readonly Parameter[];
  constructor(values: readonly HostTensor[]) {
    super();
    this.weights = values.map((value) => new Parameter(value));
  }
  forward(): void {}
}
const scalar = (value: number): Weights => new Weights([hostTensor(Float64Array.of(value), [1])]);
const valueOf = async (cell: Cell): Promise<number> => (await cell.read()).data[0]!;

function create({ optimizer, args }: OptimizerRun, parameters: readonly Parameter[]): Optimizer<CommonOptions> {
  const { lr: learningRate, momentum = 0, nesterov = false, weight_decay: decay = 0, amsgrad = false, rho, betas = [0.9, 0.999] } = args;
  const moments = { learningRate, beta1: betas[0], beta2: betas[1], ...(args.weight_decay !== undefined && { weightDecay: decay }) };
  switch (optimizer) {
    case "SGD":
      return new Sgd(parameters, { learningRate, momentum, nesterov, weightDecay: decay });
    case "Adam":
      return new Adam(parameters, { ...moments, amsgrad });
    case "AdamW":
      return new AdamW(parameters, { ...moments, amsgrad });
    case "RMSprop":
      return new RmsProp(parameters, { learningRate });
    case "Adagrad": {
      const { lr_decay: learningRateDecay = 0, initial_accumulator_value: initialSum = 0 } = args;
      return new Adagrad(parameters, { learningRate, weightDecay: decay, learningRateDecay, initialSum });
    }
    case "Adafactor": {
      const { beta2_decay: decayPower = -0.8, d: threshold = 1 } = args;
      return new Adafactor(parameters, { learningRate, decayPower, threshold, weightDecay: decay });
    }
    case "Adadelta":
      return new Adadelta(parameters, { learningRate, decay: rho!, weightDecay: decay });
    case "Adamax":
      return new Adamax(parameters, moments);
    case "NAdam":
      return new NAdam(parameters, { ...moments, decoupled: args.decoupled_weight_decay ?? false });
    case "RAdam":
      return new RAdam(parameters, moments);
    case "Lamb":
      return new Lamb(parameters, moments);
    case "Lion":
      return new Lion(parameters, moments);
    default:
      return new Muon(parameters, { learningRate, momentum, nesterov, weightDecay: decay });
  }
}

describe.each(precisions)("as PyTorch, step by step, on $name", (precision) => {
  const exact = precision.first.relative < 1e-6;

  test.each(runs)("$optimizer $args", async (run) => {
    // Muon's matrices are [out, in] there and [in, out] here.
    const layout = run.optimizer === "Muon" ? transposed : (value: HostTensor): HostTensor => value;
    // From fixtures/README.md; ten steps of Newton–Schulz in float32 cost digits.
    const float32 = run.optimizer === "Muon" ? { absolute: 1e-4, relative: 1e-4 } : { absolute: 1e-6, relative: 2e-5 };
    await onDevice(precision.backend(), async (device) => {
      using model = new Weights(run.param_indices.map((i) => layout(decode(run.params0[i]!))));
      using optimizer = create(run, model.parameters());
      for (const [step, wanted] of run.params_after_step.entries()) {
        await device.compute(() => {
          optimizer.update(
            new Map(model.weights.map((weight, i) => [weight, tensor(layout(decode(run.grads[step]![run.param_indices[i]!]!)))])),
          );
        });
        for (const [i, weight] of model.weights.entries()) {
          // A step is exact; what rounding it carries on is bounded once more by the number of steps.
          const bound = exact
            ? { absolute: 1e-9, relative: 1e-8 }
            : { absolute: float32.absolute * (step + 1), relative: float32.relative * (step + 1) };
          expectClose(await weight.read(), layout(decode(wanted[i]!)), bound, `parameter ${i} after step ${step}`);
        }
      }
      expect(optimizer.step).toBe(run.params_after_step.length);
    });
  });

  interface ClippingCase {
    max_norm?: number;
    norm_type?: number | "Infinity";
    total_norm?: number;
    clip_value?: number;
    clipped: Encoded[];
  }
  const clipping = ["clipping", "more-clipping"].flatMap((name) => {
    const { grads, cases } = readJson<{ grads: Encoded[]; cases: ClippingCase[] }>(`optim/${name}.json`);
    return cases.map((one) => ({ ...one, grads }));
  });
  test.each(clipping)("clipping to norm $max_norm of order $norm_type or value $clip_value", async (reference) => {
    await onDevice(precision.backend(), async (device) => {
      using model = new Weights(reference.grads.map(decode));
      const order = Number(reference.norm_type ?? 2);
      const { clipped, norm } = await device.compute(() => {
        const gradients = new Map(model.weights.map((weight) => [weight, weight.value]));
        const all =
          reference.max_norm === undefined
            ? clipByValue(gradients, reference.clip_value!)
            : clipByGlobalNorm(gradients, reference.max_norm, { order });
        return { clipped: [...all.values()], norm: globalNorm(gradients, { order }) };
      });
      const bound = { absolute: 1e-6, relative: 1e-5 };
      clipped.forEach((got, i) => {
        expectClose(got, decode(reference.clipped[i]!), bound, `gradient ${i}`);
      });
      if (reference.total_norm !== undefined) expect(norm).toBeCloseTo(reference.total_norm, 5);
    });
  });

  test("a bound below 0 would turn the step around, one of 0 or NaN stop it", () => {
    for (const largest of [-1, 0, Number.NaN]) {
      expect(() => clipByGlobalNorm(new Map(), largest, { norm: 1 as never })).toThrow(`a largest norm above 0, got ${largest}`);
      expect(() => clipByValue(new Map(), largest)).toThrow(`a largest value above 0, got ${largest}`);
    }
  });
});

const oracle = precisions[0]!;

describe("by hand", () => {
  test("a schedule is asked for each step, from 0", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(10);
      using optimizer = new Sgd(model.parameters(), { learningRate: schedules.linear(1, { steps: 4 }) });
      const seen: number[] = [];
      for (let i = 0; i < 3; i++) {
        seen.push(...optimizer.learningRates);
        await device.compute(() => optimizer.update(new Map([[model.weights[0]!, tensor([1])]])));
      }
      expect(seen).toEqual([1, 0.75, 0.5]);
      expect(await valueOf(model.weights[0]!)).toBe(10 - 2.25);
    });
  });

  test("groups keep their own options, and take the rest from the optimizer's", async () => {
    await onDevice(oracle.backend(), async (device) => {
      const one = (): HostTensor => hostTensor(Float64Array.of(1), [1]);
      using model = new Weights([one(), one(), one()]);
      const [a, b, c] = model.weights as [Parameter, Parameter, Parameter];
      using optimizer = new Sgd([{ parameters: [a], weightDecay: 0 }, { parameters: [b], learningRate: 0.01 }, { parameters: [c] }], {
        learningRate: 0.1,
        weightDecay: 0.5,
      });
      await device.compute(() => optimizer.update(new Map(model.weights.map((weight) => [weight, tensor([1])]))));
      expect(await Promise.all([a, b, c].map(valueOf))).toEqual([1 - 0.1, 1 - 0.01 * 1.5, 1 - 0.1 * 1.5]);
    });
  });

  test("centred RMSProp with momentum, first step: v = 0.01g², mean = 0.01g, θ −= ηg/√(0.01g² − 0.0001g²)", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(0);
      using optimizer = new RmsProp(model.parameters(), { learningRate: 1, centered: true, momentum: 0.5, epsilon: 0 });
      const step = () => device.compute(() => optimizer.update(new Map([[model.weights[0]!, tensor([2])]])));
      await step();
      const first = 1 / Math.sqrt(0.0099);
      expect(await valueOf(model.weights[0]!)).toBeCloseTo(-first, 10);
      await step();
      const second = 1 / Math.sqrt(0.01 * 1.99 - (0.01 * 1.99) ** 2);
      expect(await valueOf(model.weights[0]!)).toBeCloseTo(-first - (0.5 * first + second), 10);
    });
  });

  test("decayGroups parts matrices from vectors, and spares what it is told to", () => {
    const zeros = (shape: number[]): HostTensor => hostTensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    using model = new Weights([zeros([2, 2]), zeros([2]), zeros([3, 3, 1, 2])]);
    const [decayed, rest] = decayGroups(model, { except: (path) => path === "weights.2" });
    expect(decayed.parameters).toEqual([model.weights[0]]);
    expect(rest).toEqual({ parameters: [model.weights[1], model.weights[2]], weightDecay: 0 });
    using optimizer = new AdamW(decayGroups(model), { learningRate: 1e-3, weightDecay: 0.1 });
    expect(optimizer.groups.map(({ options }) => options.weightDecay)).toEqual([0.1, 0]);
  });

  test("accumulated gradients are the mean of what was added, and then start over", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(0);
      const weight = model.weights[0]!;
      using sum = new GradientAccumulator(model.parameters());
      for (const round of [[1, 2, 6], [4]]) {
        for (const gradient of round) await device.compute(() => sum.add(new Map([[weight, tensor([gradient])]])));
        expect(sum.count).toBe(round.length);
        const mean = await device.compute(() => [...sum.takeMean().values()]);
        expect([...mean[0]!.data]).toEqual([round.reduce((a, b) => a + b) / round.length]);
      }
      await expect(device.compute(() => void sum.takeMean())).rejects.toThrow(OptionError);
    });
  });

  test("a weight average starts at the weights, follows them slowly, and swaps in and out", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(0);
      const weight = model.weights[0]!;
      using average = new WeightAverage(model, { decay: 0.5 });
      weight.load(hostTensor(Float64Array.of(8), [1]));
      await device.compute(() => average.update()); // 8
      weight.load(hostTensor(Float64Array.of(16), [1]));
      await device.compute(() => average.update()); // decay (1 + 1)/(10 + 1): 8·2/11 + 16·9/11
      await device.compute(() => average.swap());
      expect(await valueOf(weight)).toBeCloseTo((8 * 2 + 16 * 9) / 11, 12);
      await expect(device.compute(() => average.update())).rejects.toThrow(/Call swap\(\) first/);
      await device.compute(() => average.swap());
      expect(await valueOf(weight)).toBe(16);
    });
  });

  test("an average is not moved by an update in place of the weights it was taken from", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(4);
      using average = new WeightAverage(model);
      using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
      await device.compute(() => average.update());
      await device.compute(() => optimizer.update(new Map([[model.weights[0]!, tensor([1])]])));
      await device.compute(() => average.swap());
      expect(await valueOf(model.weights[0]!)).toBe(4);
    });
  });
});

describe("state", () => {
  test.each([
    ["Adam", (parameters: Parameter[]) => new Adam(parameters, { learningRate: 0.1, amsgrad: true })],
    ["Sgd", (parameters: Parameter[]) => new Sgd(parameters, { learningRate: 0.1, momentum: 0.9, dampening: 0.5 })],
    ["Muon", (parameters: Parameter[]) => new Muon(parameters, { learningRate: 0.1 })],
  ] as const)("%s read and loaded goes on bit for bit", async (_, make) => {
    await onDevice(precisions.at(-1)!.backend(), async (device) => {
      const start = hostTensor(Float32Array.of(1, -2, 3, 0.5), [2, 2]);
      using whole = new Weights([start]);
      using wholeOptimizer = make(whole.parameters());
      const step = (model: Weights, optimizer: Optimizer<CommonOptions>) =>
        device.compute(() => optimizer.update(new Map([[model.weights[0]!, model.weights[0]!.value.mul(0.3).add(0.1)]])));
      for (let i = 0; i < 3; i++) await step(whole, wholeOptimizer);

      using resumed = new Weights([await whole.weights[0]!.read()]);
      using resumedOptimizer = make(resumed.parameters());
      resumedOptimizer.load(resumed, await wholeOptimizer.read(whole));
      for (let i = 0; i < 3; i++) {
        await step(whole, wholeOptimizer);
        await step(resumed, resumedOptimizer);
      }
      expect((await resumed.weights[0]!.read()).data).toEqual((await whole.weights[0]!.read()).data);
    });
  });

  test("slots are named by the parameter's path", async () => {
    using model = scalar(1);
    using optimizer = new AdamW(model.parameters(), { learningRate: 0.1 });
    expect([...(await optimizer.read(model)).tensors.keys()]).toEqual(["weights.0.firstMoment", "weights.0.secondMoment"]);
  });

  test("the state of another optimizer is refused by name", async () => {
    using model = scalar(1);
    using adam = new AdamW(model.parameters(), { learningRate: 0.1 });
    using sgd = new Sgd(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
    const state = await sgd.read(model);
    expect(() => adam.load(model, state)).toThrow(/AdamW.load: expected a tensor "weights\.0\.firstMoment", got none/);
  });
});

describe("wrong use", () => {
  test("a parameter without a gradient, in two groups, or too flat for Muon", async () => {
    using model = scalar(1);
    const [weight] = model.weights as [Parameter];
    using optimizer = new Sgd(model.parameters(), { learningRate: 1 });
    expect(() => optimizer.update(new Map())).toThrow(
      /Sgd.update: expected a gradient for each of its parameters, got none for one of shape \[1\]/,
    );
    expect(() => new Sgd([{ parameters: [weight] }, { parameters: [weight] }], { learningRate: 1 })).toThrow(/in one group, got one twice/);
    expect(() => new Sgd([], { learningRate: 1 })).toThrow(OptionError);
    expect(() => new Sgd([weight], { learningRate: 1, nesterov: true })).toThrow(OptionError);
    expect(() => new Muon([weight], { learningRate: 1 })).toThrow(/at least two axes, got shape \[1\]/);
  });
});
