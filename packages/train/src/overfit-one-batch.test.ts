import { Rng } from "@dl/core";
import { Adam, crossEntropy, inference, Linear, type Mode, Module, type Parameter, Sequential } from "@dl/nn";
import { expect, test } from "vitest";
import { overfitOneBatch } from "./overfit-one-batch.ts";
import { pointsOf } from "./points-fixture.ts";
import { backends, onDevice, optionsOf, Subject } from "./run-fixture.ts";

test.each(backends)("a sound model learns a batch by heart, and is as before afterwards, on $name", ({ open }) =>
  onDevice(open(), async (device) => {
    using subject = new Subject();
    const { batchSize: _, epochs: __, validate: ___, transform: ____, ...options } = optionsOf(subject, device);
    const before = await subject.bits();
    const report = await overfitOneBatch(options);
    expect(report).toMatchObject({ learned: true, unchanged: [] });
    expect(report.losses.at(-1)).toBeLessThanOrEqual(0.1 * report.losses[0]!);
    expect(report.losses.length).toBeLessThan(200);
    expect(report.summary).toMatch(/^learned: loss 0\.\d+ → 0\.0\d+ in \d+ steps\.$/);
    expect(await subject.bits()).toEqual(before);
  }),
);

test("a model that forgets half of itself is found out, by name", () =>
  onDevice(backends[0]!.open(), async (device) => {
    const rng = new Rng(1);
    class Broken extends Module {
      readonly head: Linear = new Linear({ inputs: 2, outputs: 2, bias: false, rng });
      readonly forgotten: Linear = new Linear({ inputs: 2, outputs: 2, bias: false, rng });
      forward(): Parameter {
        return this.head.weight;
      }
    }
    using model = new Broken();
    using optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
    const report = await overfitOneBatch({
      device,
      model,
      optimizer,
      dataset: pointsOf(8),
      rng,
      steps: 20,
      step: ({ inputs, labels }) => crossEntropy(model.head.forward(inputs), labels),
    });
    expect(report).toMatchObject({ learned: false, unchanged: ["forgotten.weight"] });
    expect(report.losses).toHaveLength(20);
    expect(report.summary).toMatch(
      /^did not learn: loss .+ in 20 steps\. Look at .+ Never changed: forgotten\.weight\. Does the loss depend/,
    );
  }));

test("a share of a loss below 0 is no target, and no step and no share are none", () =>
  onDevice(backends[0]!.open(), async (device) => {
    using subject = new Subject();
    const options = { device, model: subject.model, optimizer: subject.optimizer, dataset: pointsOf(8), rng: new Rng(0) };
    const step = (batch: Parameters<Subject["step"]>[0], mode: Mode) => subject.step(batch, mode).loss;
    await expect(overfitOneBatch({ ...options, step: (batch, mode) => step(batch, mode).sub(5) })).rejects.toThrow(
      /a first loss from 0 up, got -4/,
    );
    await expect(overfitOneBatch({ ...options, step, steps: 0 })).rejects.toThrow("at least 1 step, got 0");
    await expect(overfitOneBatch({ ...options, step, target: Number.NaN })).rejects.toThrow(
      "a target from 0 up to, not including, 1, got NaN",
    );
  }));

test("a loss that is NaN ends the check at once", () =>
  onDevice(backends[0]!.open(), async (device) => {
    using model = new Sequential([new Linear({ inputs: 2, outputs: 2, rng: new Rng(0) })]);
    using optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
    const step = ({ inputs, labels }: Parameters<Subject["step"]>[0], _: Mode) =>
      crossEntropy(model.forward(inputs, inference), labels.add(7));
    const report = await overfitOneBatch({ device, model, optimizer, dataset: pointsOf(8), rng: new Rng(0), step });
    expect(report).toMatchObject({ learned: false, losses: [Number.NaN] });
    expect(report.summary).toMatch(/Look for NaN in the inputs, and for labels outside of the classes\./);
  }));
