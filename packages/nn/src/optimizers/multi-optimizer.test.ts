import { wasm } from "@dl/backend-wasm";
import { hostTensor, openDevice, type Tensor } from "@dl/core";
import { afterAll, describe, expect, test } from "vitest";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { AdamW } from "./adamw.ts";
import { MultiOptimizer } from "./multi-optimizer.ts";
import { Muon } from "./muon.ts";
import type { CommonOptions, Optimizer } from "./optimizer.ts";
import { Sgd } from "./sgd.ts";

const device = await openDevice(wasm({ threads: 1 }));
afterAll(() => device[Symbol.asyncDispose]());

class Layer extends Module {
  readonly weight = new Parameter(hostTensor(Float32Array.of(1, -2, 3, 0.5), [2, 2]));
  readonly bias = new Parameter(hostTensor(Float32Array.of(0.5, -1), [2]));
  forward(): void {}
}

const muon = (model: Layer) => new Muon([model.weight], { learningRate: 0.02 });
const adamW = (model: Layer) => new AdamW([model.bias], { learningRate: (step) => 0.1 / (step + 1) });
const both = (model: Layer) => new MultiOptimizer([muon(model), adamW(model)]);

const gradientOf = (parameter: Parameter): Tensor => parameter.value.mul(0.3).add(0.1);
async function train(model: Layer, optimizers: readonly Optimizer<CommonOptions>[], steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) {
    await device.compute(() => {
      const gradients = new Map(model.parameters().map((parameter) => [parameter, gradientOf(parameter)]));
      for (const optimizer of optimizers) optimizer.update(gradients);
    });
  }
}
const weightsOf = async (model: Layer) => [...(await model.weight.read()).data, ...(await model.bias.read()).data];

describe("several optimizers as one", () => {
  test("step as they do alone, bit for bit, and tell steps and rates", async () => {
    using apart = new Layer();
    using one = muon(apart);
    using other = adamW(apart);
    await train(apart, [one, other], 3);
    using together = new Layer();
    using optimizer = both(together);
    await train(together, [optimizer], 3);
    expect(await weightsOf(together)).toEqual(await weightsOf(apart));
    expect(optimizer.step).toBe(3);
    expect(optimizer.learningRates).toEqual([0.02, 0.1 / 4]);
  });

  test("read and loaded go on bit for bit", async () => {
    using whole = new Layer();
    using optimizer = both(whole);
    await train(whole, [optimizer], 2);
    using resumed = new Layer();
    for (const [parameter, from] of [
      [resumed.weight, whole.weight],
      [resumed.bias, whole.bias],
    ] as const) {
      parameter.load(await from.read());
    }
    using resumedOptimizer = both(resumed);
    const state = await optimizer.read(whole);
    expect([...state.tensors.keys()].sort()).toEqual(["bias.firstMoment", "bias.secondMoment", "weight.momentum"]);
    resumedOptimizer.load(resumed, state);
    expect(resumedOptimizer.step).toBe(2);
    await train(whole, [optimizer], 2);
    await train(resumed, [resumedOptimizer], 2);
    expect(await weightsOf(resumed)).toEqual(await weightsOf(whole));
  });

  test("a missing gradient, or a state that the second cannot take, changes nothing in the first", async () => {
    using model = new Layer();
    using optimizer = both(model);
    const before = await weightsOf(model);
    await expect(device.compute(() => optimizer.update(new Map([[model.weight, gradientOf(model.weight)]])))).rejects.toThrow(
      /MultiOptimizer.update: expected a gradient for each of its parameters, got none for one of shape \[2\]/,
    );
    expect(await weightsOf(model)).toEqual(before);

    using trained = new Layer();
    using other = new MultiOptimizer([muon(trained), new Sgd([trained.bias], { learningRate: 1, momentum: 0.9 })]);
    await train(trained, [other], 1);
    const state = await other.read(trained);
    expect(() => optimizer.load(model, state)).toThrow(/AdamW.load: expected a tensor "bias\.firstMoment", got none/);
    expect([...(await optimizer.read(model)).tensors.get("weight.momentum")!.data]).toEqual([0, 0, 0, 0]);
    expect(optimizer.step).toBe(0);
    const more = new Map([...(await optimizer.read(model)).tensors, ["head.momentum", hostTensor(Float32Array.of(1), [1])]]);
    expect(() => optimizer.load(model, { step: 1, tensors: more })).toThrow(/expected only tensors of its own, got "head\.momentum"/);
  });

  test("a parameter in two of them, none at all, or different steps are refused", async () => {
    using model = new Layer();
    expect(() => new MultiOptimizer([adamW(model), adamW(model)])).toThrow(
      /MultiOptimizer: expected every parameter in one group, got one twice/,
    );
    expect(() => new MultiOptimizer([])).toThrow(/MultiOptimizer: expected at least one parameter, got none/);
    using ahead = muon(model);
    await train(model, [ahead], 1);
    expect(() => new MultiOptimizer([ahead, adamW(model)])).toThrow(
      /expected optimizers that have done the same number of steps, got 1, 0/,
    );
  });
});
