import { LeNet, lenetMnist, ResNet, resnet20 } from "@dl/cnn";
import { type HostTensor, Rng } from "@dl/core";
import { readSafetensors, readState, writeSafetensors } from "@dl/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseChannels, removeChannels } from "../channels/remove-channels.ts";
import { traceChannels } from "../channels/trace-channels.ts";
import { answers, Dense, Knot, onDevice } from "../compress-fixture.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { factorise } from "../low-rank/factorise.ts";
import { magnitudeMasks } from "../pruning/magnitude.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { foldBatchNorm } from "../quantisation/fold-batch-norm.ts";
import { quantise, quantiseWeights } from "../quantisation/quantised-model.ts";
import { quantiseWeight } from "../quantisation/quantised-weight.ts";
import { compressedFile } from "./compressed-file.ts";
import { loadCompressed } from "./load-compressed.ts";
import { packWeight, unpack } from "./packed-tensors.ts";

const lenet = (): LeNet & TracedModel => new LeNet({ ...lenetMnist, rng: new Rng(1) });
const images = new Rng(2).uniform([4, 28, 28, 1]);

describe("a model comes back with the same answers", () => {
  test("int8 with rounded inputs: a quarter of the bytes", async () => {
    await onDevice(async (device) => {
      const model = lenet();
      const plain = writeSafetensors(await readState(model));
      const quantised = await quantise(model, { device, calibration: [images] });
      const file = await compressedFile(quantised);
      expect(plain.byteLength / file.byteLength).toBeGreaterThan(3.6);
      const before = await answers(quantised, images, device);
      const back = await loadCompressed(lenet(), file);
      expect((await answers(back, images, device)).data).toEqual(before.data);
      // What is read is written again, bit for bit.
      expect(await compressedFile(back)).toEqual(file);
    }, "fast");
  });

  test("int4 in groups: about a seventh", async () => {
    await onDevice(async (device) => {
      const model = lenet();
      const plain = writeSafetensors(await readState(model));
      const quantised = await quantiseWeights(model, { bits: 4, group: 64, range: "mse" });
      const file = await compressedFile(quantised);
      expect(plain.byteLength / file.byteLength).toBeGreaterThan(6.3);
      const before = await answers(quantised, images, device);
      const back = await loadCompressed(lenet(), file);
      expect((await answers(back, images, device)).data).toEqual(before.data);
    }, "fast");
  });

  test("nine of ten weights pruned: a seventh, exactly", async () => {
    await onDevice(async (device) => {
      const model = lenet();
      const plain = writeSafetensors(await readState(model));
      await new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0.9 })).makePermanent(device);
      const file = await compressedFile(model);
      expect(plain.byteLength / file.byteLength).toBeGreaterThan(6.5);
      const back = await loadCompressed(lenet(), file);
      expect((await back.state().get("fc1.weight")!.read()).data).toEqual((await model.fc1.weight.read()).data);
    }, "fast");
  });

  test("cut, folded, factored and rounded, all at once", async () => {
    await onDevice(async (device) => {
      const make = (): TracedModel => new Knot(new Rng(1));
      const model = make();
      const inputs = new Rng(2).normal([3, 8, 8, 2]);
      const where = { device, inputShape: [8, 8, 2] };
      const graph = await traceChannels(model, where);
      await removeChannels(model, await chooseChannels(model, graph, { share: 0.5 }), where);
      await foldBatchNorm(model, where);
      await factorise(model, { rank: 2, layers: ["wide"] });
      const quantised = await quantise(model, { device, calibration: [inputs] });
      const before = await answers(quantised, inputs, device);
      const back = await loadCompressed(make(), await compressedFile(quantised, { metadata: { reason: "a test" } }));
      expect((await answers(back, inputs, device)).data).toEqual(before.data);
    });
  });

  test("a cut residual network", async () => {
    await onDevice(async (device) => {
      const make = (): TracedModel => new ResNet({ ...resnet20, depths: [1, 1], width: 4, classes: 3, rng: new Rng(1) });
      const model = make();
      const inputs = new Rng(2).normal([2, 8, 8, 3]);
      const graph = await traceChannels(model, { device, inputShape: [8, 8, 3] });
      await removeChannels(model, await chooseChannels(model, graph, { share: 0.5 }), { device, inputShape: [8, 8, 3] });
      const before = await answers(model, inputs, device);
      const back = await loadCompressed(make(), await compressedFile(model));
      expect((await answers(back, inputs, device)).data).toEqual(before.data);
    }, "fast");
  });
});

test("packed integers of any shape come back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(4 as const, 8 as const),
      fc.integer({ min: 1, max: 7 }),
      (shape, bits, group) => {
        const weight = quantiseWeight(new Rng(group).normal(shape), { bits, group });
        const { packing, tensors } = packWeight("w", weight);
        const file = readSafetensors(writeSafetensors(new Map(tensors)));
        expect(unpack("w", packing, { tensors: file.tensors, file: "test" })).toEqual(weight);
      },
    ),
  );
});

/** A header with anything in it. */
type Loose = { tensors: Record<string, Record<string, unknown>> } & Record<string, unknown>;

describe("hostile files", () => {
  const make = (): TracedModel => new Dense(new Rng(1));

  /** A file of int4 weights with something changed in its header or its tensors. */
  async function changed(change: (header: Record<string, never>, tensors: Map<string, never>) => void): Promise<Uint8Array> {
    const quantised = await quantiseWeights(make(), { bits: 4 });
    const { metadata, tensors } = readSafetensors(await compressedFile(quantised));
    const header = JSON.parse(metadata.get("compressed")!) as Record<string, never>;
    const parts = new Map(tensors) as unknown as Map<string, never>;
    change(header, parts);
    return writeSafetensors(parts as unknown as typeof tensors, {
      metadata: { format: metadata.get("format")!, compressed: JSON.stringify(header) },
    });
  }
  const scales = (first: number, count: number): never =>
    ({
      shape: [1, count],
      dtype: "float32",
      data: Float32Array.from({ length: count }, (_, i) => (i === 0 ? first : 1)),
    }) as HostTensor as never;

  test.each<[string, (header: Loose, tensors: Map<string, unknown>) => void, string]>([
    ["a scale of 0", (_, tensors) => tensors.set("head.weight.scale", scales(0, 3)), "expected scales above 0, got 0"],
    [
      "a scale that is no number",
      (_, tensors) => tensors.set("head.weight.scale", scales(Number.NaN, 3)),
      "expected scales above 0, got NaN",
    ],
    [
      "scales for other channels",
      (_, tensors) => tensors.set("head.weight.scale", scales(1, 4)),
      "expected F32 [1, 3] for head.weight.scale, got F32 [1, 4]",
    ],
    ["no scales", (_, tensors) => tensors.delete("head.weight.scale"), "expected head.weight.scale beside it, got none"],
    [
      "a shape larger than the bytes",
      (header) => (header.tensors["head.weight"]!.shape = [8000, 3]),
      "expected U8 [12000] for head.weight, got U8 [12]",
    ],
    ["an endless shape", (header) => (header.tensors["head.weight"]!.shape = [2 ** 50, 2 ** 50, 2 ** 50]), "for head.weight, got U8 [12]"],
    ["an axis that is not there", (header) => (header.tensors["head.weight"]!.axis = 2), "expected an axis below 2, got 2"],
    [
      "another encoding",
      (header) => (header.tensors["head.weight"]!.encoding = "int2"),
      'expected encoding int8, int4 or sparse, got "int2"',
    ],
    ["a group of 0", (header) => (header.tensors["head.weight"]!.group = 0), "expected a group ≥ 1, got 0"],
    [
      "a layer to factor that is none",
      (header) => (header.lowRank = { nothing: 2 }),
      'expected a layer to factor at "nothing" of Dense, got nothing',
    ],
    ["a rank beyond the layer", (header) => (header.lowRank = { head: 1000 }), "head: expected a rank up to 3, got 1000"],
    ["a normalisation that is none", (header) => (header.folded = ["head"]), 'expected a BatchNorm to fold at "head" of Dense, got Linear'],
    ["inputs of no layer", (header) => (header.inputs = { tail: { scale: 1, zeroPoint: 0 } }), 'got "tail"'],
    ["inputs without a scale", (header) => (header.inputs = { head: { scale: null, zeroPoint: 0 } }), "expected a scale above 0, got null"],
    [
      "a bias of another size",
      (_, tensors) => tensors.set("head.bias", { shape: [5], dtype: "float32", data: new Float32Array(5) }),
      "tensor head.bias: expected [3] or fewer channels, got [5]",
    ],
    ["no header", (header) => (header.tensors = undefined as never), "expected an object under tensors, got nothing"],
  ])("%s", async (_, change, message) => {
    const model = make();
    const before = await readState(model);
    const file = await changed(change as never);
    await expect(loadCompressed(model, file, { file: "evil.safetensors" })).rejects.toThrow(message);
    expect(await readState(model)).toEqual(before);
    expect(model.modules.size).toBe(3);
  });

  test("a file of plain weights, and bytes that are no file", async () => {
    const plain = writeSafetensors(await readState(make()));
    await expect(loadCompressed(make(), plain)).rejects.toThrow("expected a compressed model (format dl-compressed-1), got nothing");
    await expect(loadCompressed(make(), new Uint8Array(3))).rejects.toThrow("compressed model");
    const other = await compressedFile(await quantiseWeights(lenet()));
    await expect(loadCompressed(make(), other)).rejects.toThrow("expected rounded weights and layers of Dense");
  });

  test("cut off, or with any byte changed, a file is refused or gives a model of numbers", async () => {
    const file = await changed(() => undefined);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: file.length - 1 }), fc.nat({ max: 255 }), async (at, byte) => {
        const bad = file.slice();
        bad[at] = byte;
        await loadCompressed(make(), bad).catch((error: Error) => expect(error.name).toBe("CheckpointError"));
        await expect(loadCompressed(make(), file.slice(0, at))).rejects.toThrow();
      }),
      { numRuns: 100 },
    );
  });
});
