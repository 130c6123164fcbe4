import { KerasCnn, kerasCnnCifar10, LeNet, lenetCifar10 } from "@dl/cnn";
import { hostTensor, Rng, tensor } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { AdamW, readState } from "@dl/nn";
import { expect, test } from "vitest";
import { answers, Dense, onDevice } from "../compress-fixture.ts";
import { relativeDifference } from "../layers/agree.ts";
import { asTensor, torch } from "../torch-fixture.ts";
import { Distillation, distil } from "./distil.ts";
import { attentionDistillation, featureDistillation, logitDistillation } from "./distillation-losses.ts";

test("losses are torch's", async () => {
  await onDevice(async (device) => {
    const { student, teacher, temperature, soft, studentFeatures, teacherFeatures, attention } = torch.distillation;
    const losses = await device.compute(() => ({
      soft: logitDistillation(tensor(asTensor(student, [4, 5])), tensor(asTensor(teacher, [4, 5])), { temperature }),
      attention: attentionDistillation(tensor(asTensor(studentFeatures, [2, 4, 4, 3])), tensor(asTensor(teacherFeatures, [2, 4, 4, 5]))),
      features: featureDistillation(tensor([[1, 2]]), tensor([[3, 2]])),
    }));
    expect(losses.soft).toBeCloseTo(soft, 5);
    expect(losses.attention).toBeCloseTo(attention, 7);
    expect(losses.features).toBe(2);
  });
});

test("bad pairs are errors", async () => {
  await onDevice(async (device) => {
    const run = (work: () => unknown) => device.compute(() => void work());
    await expect(run(() => logitDistillation(tensor([[1, 2]]), tensor([[1, 2, 3]])))).rejects.toThrow(
      "of one shape, got [1, 2] and [1, 3]",
    );
    await expect(run(() => logitDistillation(tensor([[1]]), tensor([[1]]), { temperature: 0 }))).rejects.toThrow("temperature > 0, got 0");
    await expect(run(() => attentionDistillation(tensor([[1]]), tensor([[1]])))).rejects.toThrow(
      "expected features [B, H, W, C], got [1, 1]",
    );
  });
});

/** Inputs with the teacher's own answers as labels. */
const inputs = new Rng(5).normal([96, 6]);

test("a student learns to answer as its teacher, which stays as it is", async () => {
  await onDevice(async (device) => {
    using teacher = new Dense(new Rng(1), { hidden: 16 });
    using student = new Dense(new Rng(2), { hidden: 6 });
    const theirs = await answers(teacher, inputs, device);
    const before = relativeDifference(await answers(student, inputs, device), theirs);
    const state = await readState(teacher);
    const labels = hostTensor(new Int32Array(96), [96]);
    const { history } = await distil({
      ...{ device, student, teacher, dataset: arrayDataset({ images: inputs, labels }), batchSize: 32, epochs: 40, rng: new Rng(3) },
      ...{ labels: 0, logits: 1, temperature: 2 },
      optimizer: (trained) => new AdamW(trained.parameters(), { learningRate: 0.02 }),
    });
    expect(history.at(-1)!.metrics.loss).toBeLessThan(0.2 * history[0]!.metrics.loss!);
    expect(relativeDifference(await answers(student, inputs, device), theirs)).toBeLessThan(before);
    expect(await readState(teacher)).toEqual(state);
  });
});

test("features through a regressor and attention, of networks of other widths", async () => {
  await onDevice(async (device) => {
    using teacher = new KerasCnn({ ...kerasCnnCifar10, filters: [6, 8], hidden: 8, rng: new Rng(1) });
    using student = new KerasCnn({ ...kerasCnnCifar10, filters: [3, 4], hidden: 8, rng: new Rng(2) });
    const images = new Rng(4).normal([8, 32, 32, 3]);
    const labels = hostTensor(
      Int32Array.from({ length: 8 }, (_, i) => i),
      [8],
    );
    const pairs = [{ student: "convolutions.1", teacher: "convolutions.1" }];
    const { history } = await distil({
      ...{ device, student, teacher, dataset: arrayDataset({ images, labels }), batchSize: 8, epochs: 6, rng: new Rng(3) },
      ...{ features: { pairs, weight: 1 }, attention: { pairs, weight: 10 } },
      optimizer: (trained) => new AdamW(trained.parameters(), { learningRate: 0.01 }),
    });
    const [first, last] = [history[0]!.metrics, history.at(-1)!.metrics];
    expect(Object.keys(first).sort()).toEqual(["accuracy", "attention", "features", "labels", "logits", "loss"]);
    for (const part of ["features", "attention", "loss"]) expect(last[part]).toBeLessThan(first[part]!);
    expect(first.loss).toBeCloseTo(0.1 * first.labels! + 0.9 * first.logits! + first.features! + 10 * first.attention!, 3);
    using small = new LeNet({ ...lenetCifar10, rng: new Rng(1) });
    const between = (student: string) =>
      Distillation.of(
        { student: small, teacher, features: { pairs: [{ student, teacher: "convolutions.0" }], weight: 1 } },
        { device, example: images, rng: new Rng(1) },
      );
    await expect(between("conv1")).rejects.toThrow(
      "expected features that differ in their channels only, got [8, 28, 28, 6] of conv1 and [8, 30, 30, 6]",
    );
    await expect(between("conv9")).rejects.toThrow('(conv1, conv2, fc1, fc2, fc3 …), got "conv9"');
    const none = { student, teacher, attention: { pairs: [], weight: 1 } };
    await expect(Distillation.of(none, { device, example: images, rng: new Rng(1) })).rejects.toThrow(
      "expected at least one pair of layers for attention, got none",
    );
    await expect(Distillation.of({ student, teacher, labels: 0, logits: 0 }, { device, example: images, rng: new Rng(1) })).rejects.toThrow(
      "expected a weight above 0, got none",
    );
  }, "fast");
});
