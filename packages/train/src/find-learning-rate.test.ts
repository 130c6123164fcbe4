import { hostTensor, mean, Rng } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { Adam, inference, Linear, readState, type Schedule, Sequential, Sgd } from "@dl/nn";
import { expect, test } from "vitest";
import { findLearningRate } from "./find-learning-rate.ts";
import { fit } from "./fit.ts";
import { backends, onDevice, optionsOf, Subject } from "./run-fixture.ts";

const oracle = backends[0]!.open;

test("on a parabola the loss explodes soon after 2 / curvature, and the suggestion lies below it", () =>
  onDevice(oracle(), async (device) => {
    using model = new Sequential([new Linear({ inputs: 1, outputs: 1, bias: false, rng: new Rng(0) })]);
    model.parameters()[0]!.load(hostTensor(Float32Array.of(3), [1, 1]));
    const before = await readState(model);
    // loss = w², curvature 2: gradient descent diverges for rates above 1.
    const { curve, suggestion } = await findLearningRate({
      device,
      model,
      optimizer: (learningRate) => new Sgd(model.parameters(), { learningRate }),
      dataset: arrayDataset({ x: hostTensor(Float32Array.of(1), [1, 1]) }),
      batchSize: 1,
      rng: new Rng(0),
      step: ({ x }) => mean(model.forward(x, inference).square()),
      from: 1e-5,
      to: 100,
      steps: 141, // 20 a decade
    });
    expect(curve[0]!.learningRate).toBe(1e-5);
    expect(curve[20]!.learningRate).toBeCloseTo(1e-4, 10);
    expect(curve[0]).toMatchObject({ loss: 9 });
    expect(curve[0]!.smoothed).toBeCloseTo(9, 10);
    expect(curve.at(-1)!.learningRate).toBeGreaterThan(1);
    expect(curve.at(-1)!.learningRate).toBeLessThan(10);
    expect(suggestion).toBeGreaterThan(0.005);
    expect(suggestion).toBeLessThan(1);
    expect(await readState(model)).toEqual(before);
  }));

test("a model trained with the suggestion learns; the sweep goes over as many epochs as it needs", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    const { model } = subject;
    const { optimizer: _, epochs: __, validate: ___, ...options } = optionsOf(subject, device);
    const { curve, suggestion } = await findLearningRate({
      ...options,
      optimizer: (learningRate) => new Adam(model.parameters(), { learningRate }),
    });
    expect(curve.length).toBeGreaterThan(50);
    using optimizer = new Adam(model.parameters(), { learningRate: suggestion! });
    const { history } = await fit({ ...optionsOf(subject, device), optimizer, epochs: 8 });
    expect(history.at(-1)!.metrics["validation/loss"]).toBeLessThan(0.7 * history[0]!.metrics.loss!);
  }));

test("a loss below 0 is swept to the end: four times less is no explosion", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    const { optimizer: _, epochs: __, validate: ___, step: ____, ...options } = optionsOf(subject, device);
    const optimizer = (learningRate: Schedule): Sgd => new Sgd(subject.model.parameters(), { learningRate });
    const sweep = (below: number) =>
      findLearningRate({ ...options, optimizer, steps: 12, to: 0.1, step: (batch, mode) => subject.step(batch, mode).loss.sub(below) });
    const [plain, lower] = [await sweep(0), await sweep(5)];
    expect(lower.curve).toHaveLength(12);
    expect(lower.suggestion).toBe(plain.suggestion);
  }));

test("a loss that never falls has no suggestion; bad bounds are errors", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    const { optimizer: _, epochs: __, validate: ___, step, ...options } = optionsOf(subject, device);
    const optimizer = (learningRate: Schedule | number): Sgd => new Sgd(subject.model.parameters(), { learningRate });
    const flat = await findLearningRate({ ...options, optimizer, steps: 5, step: (batch) => mean(batch.inputs).mul(0).add(1) });
    expect(flat.curve.map(({ loss }) => loss)).toEqual([1, 1, 1, 1, 1]);
    expect(flat.suggestion).toBeNull();
    await expect(findLearningRate({ ...options, step, optimizer, from: 1, to: 0.1 })).rejects.toThrow(
      "expected 0 < from < to, got 1 and 0.1",
    );
    await expect(findLearningRate({ ...options, step, optimizer: () => optimizer(0.1) })).rejects.toThrow("got one with a rate of its own");
    await expect(findLearningRate({ ...options, step, optimizer, steps: 2 })).rejects.toThrow("steps ≥ 3, got 2");
  }));
