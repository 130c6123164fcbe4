import { hostTensor, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { traceChannels } from "../channels/trace-channels.ts";
import { Dense, onDevice } from "../compress-fixture.ts";
import { compressedFile } from "../files/compressed-file.ts";
import { factorise } from "../low-rank/factorise.ts";
import { magnitudeMasks } from "../pruning/magnitude.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { foldBatchNorm } from "../quantisation/fold-batch-norm.ts";
import { QuantisationAware } from "../quantisation/quantisation-aware.ts";
import { quantiseWeights } from "../quantisation/quantised-model.ts";
import { measureModel } from "../report/measure-model.ts";

const refused = "expected a model that computes with its own weights, got masks or rounding attached to hidden.weight, head.weight";

test("a model under masks is not written, measured, cut, factored or rounded: it would be another one", async () => {
  await onDevice(async (device) => {
    using model = new Dense(new Rng(1));
    const where = { device, inputShape: [6] };
    const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0.5 }));
    await expect(compressedFile(model)).rejects.toThrow(`compressedFile: ${refused}`);
    await expect(measureModel(model, { ...where, bytes: 1 })).rejects.toThrow(refused);
    await expect(traceChannels(model, where)).rejects.toThrow(refused);
    await expect(factorise(model, { rank: 1 })).rejects.toThrow(refused);
    await expect(foldBatchNorm(model, where)).rejects.toThrow(refused);
    await expect(quantiseWeights(model)).rejects.toThrow(refused);
    await masks.makePermanent(device);
    expect((await compressedFile(model)).length).toBeGreaterThan(0);
  });
});

test("a model within another that rounds it is written as the one that rounds, or not at all", async () => {
  await onDevice(async (device) => {
    using model = new Dense(new Rng(1));
    const aware = await QuantisationAware.of(model, { device, calibration: [new Rng(2).normal([4, 6])] });
    await expect(compressedFile(model)).rejects.toThrow(refused);
    const quantised = await aware.finish();
    await expect(compressedFile(model)).rejects.toThrow(refused);
    expect((await compressedFile(quantised)).length).toBeGreaterThan(0);
    const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0.5 }));
    await expect(compressedFile(quantised)).rejects.toThrow(refused);
    await masks.makePermanent(device);
    await expect(compressedFile(quantised)).rejects.toThrow("expected hidden.weight as it was rounded, got other values");
  });
});

test("rounding is taken away once: what is trained afterwards stays", async () => {
  using model = new Dense(new Rng(1));
  const quantised = await quantiseWeights(model);
  quantised.detach();
  const trained = hostTensor(new Float32Array(24).fill(7), [8, 3]);
  model.head.weight.load(trained);
  quantised.detach();
  expect((await model.head.weight.read()).data).toEqual(trained.data);
});
