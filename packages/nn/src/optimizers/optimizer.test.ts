import { CheckpointError, type HostTensor, hostTensor, OptionError, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import type { Parameter } from "../parameter.ts";
import { onDevice, precisions } from "../reference-fixture.ts";
import { Adam } from "./adam.ts";
import { AdamW } from "./adamw.ts";
import { clipByGlobalNorm, clipByValue } from "./clip.ts";
import { Lookahead } from "./lookahead.ts";
import { Muon } from "./muon.ts";
import type { CommonOptions, Optimizer } from "./optimizer.ts";
import { RAdam } from "./radam.ts";
import { Sgd } from "./sgd.ts";
import { WeightAverage } from "./weight-average.ts";
import { scalar, valueOf, Weights } from "./weights-fixture.ts";

const oracle = precisions[0]!;

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

  test("a state that fits in part is refused whole, by optimizers and by averages", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = new Weights([hostTensor(Float32Array.of(1), [1]), hostTensor(Float32Array.of(2), [1])]);
      using adam = new Adam(model.parameters(), { learningRate: 0.1 });
      using average = new WeightAverage(model);
      using slow = new Lookahead(model);
      await device.compute(() => {
        adam.update(new Map(model.weights.map((weight) => [weight, weight.value])));
        average.update();
        slow.update();
      });
      for (const one of [adam, average, slow]) {
        const state = await one.read(model);
        const [first, ...rest] = [...state.tensors.keys()];
        const changed = (change: (tensors: Map<string, HostTensor>) => void): Map<string, HostTensor> => {
          const tensors = new Map(state.tensors);
          tensors.set(first!, hostTensor(Float32Array.of(77), [1]));
          change(tensors);
          return tensors;
        };
        for (const [tensors, message] of [
          [
            changed((tensors) => tensors.set(rest[0]!, hostTensor(Float32Array.of(1, 2), [2]))),
            /expected floats of shape \[1\], got float32 of \[2\]/,
          ],
          [changed((tensors) => tensors.set(rest[0]!, hostTensor(Int32Array.of(1), [1]))), /expected floats of shape \[1\], got int32/],
          [changed((tensors) => tensors.delete(rest[0]!)), /got none/],
          [changed((tensors) => tensors.set("other", tensors.get(first!)!)), /expected only tensors of its own, got "other"/],
        ] as const) {
          expect(() => one.load(model, { step: 5, tensors })).toThrow(CheckpointError);
          expect(() => one.load(model, { step: 5, tensors })).toThrow(message);
        }
        for (const step of [NaN, -1, 1.5, undefined as never]) {
          expect(() => one.load(model, { ...state, step })).toThrow(/expected a number of steps ≥ 0/);
        }
        expect(await one.read(model)).toEqual(state);
      }
    });
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
  test.each<[string, (parameters: Parameter[]) => unknown, string]>([
    [
      "a β of 1",
      (parameters) => new Adam(parameters, { learningRate: 1, beta1: 1 }),
      "Adam: expected beta1, a number from 0 up to, not including, 1, got 1.",
    ],
    [
      "a negative epsilon",
      (parameters) => new RAdam(parameters, { learningRate: 1, epsilon: -1 }),
      "RAdam: expected epsilon, a number ≥ 0, got -1.",
    ],
    [
      "no number of decay",
      (parameters) => new Sgd(parameters, { learningRate: 1, weightDecay: NaN }),
      "Sgd: expected weightDecay, a number ≥ 0, got NaN.",
    ],
    [
      "text",
      (parameters) => new Sgd(parameters, { learningRate: 1, momentum: "0.9" as never }),
      "Sgd: expected momentum, a number from 0 to 1 or a schedule, got 0.9.",
    ],
    [
      "a flag that is a number",
      (parameters) => new Sgd(parameters, { learningRate: 1, nesterov: 0.9 as never, momentum: 0.9 }),
      "Sgd: expected nesterov, true or false, got 0.9.",
    ],
    [
      "a negative decay in a group",
      (parameters) => new AdamW([{ parameters, weightDecay: -1 }], { learningRate: 1 }),
      "AdamW: expected weightDecay, a number ≥ 0, got -1.",
    ],
    [
      "a group's option by another name",
      (parameters) => new AdamW([{ parameters, lr: 0.1 } as never], { learningRate: 1 }),
      "AdamW: expected a group with options of learningRate, beta1, beta2, epsilon, weightDecay, amsgrad, got lr.",
    ],
  ])("%s", (_, make, message) => {
    using model = scalar(1);
    expect(() => make(model.parameters())).toThrow(OptionError);
    expect(() => make(model.parameters())).toThrow(message);
  });

  test("a schedule that gives no rate stops before anything has moved", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(3);
      using optimizer = new Sgd(model.parameters(), { learningRate: (step) => (step === 0 ? 1 : NaN) });
      const update = () => device.compute(() => optimizer.update(new Map([[model.weights[0]!, tensor([1])]])));
      await update();
      await expect(update()).rejects.toThrow("Sgd.update: expected a learning rate ≥ 0 from the schedule at step 1, got NaN.");
      expect([await valueOf(model.weights[0]!), optimizer.step]).toEqual([2, 1]);
    });
  });

  test("a bound on gradients below 0, which would turn them round, or none", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = scalar(3);
      const clipped = (clip: typeof clipByValue, largest: number) =>
        device.compute(() => [...clip(new Map(model.weights.map((weight) => [weight, weight.value])), largest).values()]);
      await expect(clipped(clipByGlobalNorm, -1)).rejects.toThrow("clipByGlobalNorm: expected a bound ≥ 0, got -1.");
      await expect(clipped(clipByValue, undefined as never)).rejects.toThrow("clipByValue: expected a bound ≥ 0, got undefined.");
    });
  });

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
