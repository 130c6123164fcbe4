import { Cell, checkpoint, Rng, ShapeError, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { inference, type Mode, training } from "../mode.ts";
import { channelsLast, decode, expectClose, expectReference, onDevice, precisions, referenceCases } from "../reference-fixture.ts";
import { BatchNorm } from "./batch-norm.ts";
import { GroupNorm, InstanceNorm } from "./group-norm.ts";
import { LayerNorm } from "./layer-norm.ts";
import { RmsNorm } from "./rms-norm.ts";

const cases = referenceCases("norm");
const imageLayout = { x: channelsLast, output: channelsLast };
const train = training(new Rng(0));

describe.each(precisions)("as PyTorch, on $name", (precision) => {
  test.each(cases.filter(({ name }) => name === "batch_norm"))("batch norm %#: $attrs", async (reference) => {
    await onDevice(precision.backend(), async (device) => {
      const channels = reference.inputs.w!.shape[0]!;
      const mode: Mode = reference.attrs.training ? train : inference;
      using layer = new BatchNorm({ channels, momentum: reference.attrs.momentum as number });
      using x = new Cell(channelsLast(decode(reference.inputs.x!)));
      const forward = () => {
        // Each forward in training moves the statistics: start every one from the same.
        layer.runningMean.load(decode(reference.extra!.running_mean_before!));
        layer.runningVariance.load(decode(reference.extra!.running_var_before!));
        return layer.forward(x.value, mode);
      };
      await expectReference(device, reference, { cells: { x, w: layer.weight, b: layer.bias }, forward, layout: imageLayout }, precision);
      await device.compute(() => void forward());
      expectClose(await layer.runningMean.read(), decode(reference.extra!.running_mean_after!), precision.first, "running mean");
      expectClose(await layer.runningVariance.read(), decode(reference.extra!.running_var_after!), precision.first, "running variance");
    });
  });

  test("layer norm", async () => {
    const reference = cases.find(({ name }) => name === "layer_norm")!;
    await onDevice(precision.backend(), async (device) => {
      using layer = new LayerNorm({ size: 6 });
      using x = new Cell(decode(reference.inputs.x!));
      const forward = () => layer.forward(x.value);
      await expectReference(device, reference, { cells: { x, w: layer.weight, b: layer.bias }, forward }, precision);
    });
  });

  test("RMS norm", async () => {
    const reference = cases.find(({ name }) => name === "rms_norm")!;
    await onDevice(precision.backend(), async (device) => {
      using layer = new RmsNorm({ size: 8 });
      using x = new Cell(decode(reference.inputs.x!));
      await expectReference(device, reference, { cells: { x, w: layer.weight }, forward: () => layer.forward(x.value) }, precision);
    });
  });

  test.each([
    ["group_norm", () => new GroupNorm({ channels: 6, groups: 3 })],
    ["instance_norm", () => new InstanceNorm({ channels: 3 })],
  ] as const)("%s", async (name, create) => {
    const reference = cases.find((one) => one.name === name)!;
    await onDevice(precision.backend(), async (device) => {
      using layer = create();
      using x = new Cell(channelsLast(decode(reference.inputs.x!)));
      const forward = () => layer.forward(x.value);
      await expectReference(device, reference, { cells: { x, w: layer.weight, b: layer.bias }, forward, layout: imageLayout }, precision);
    });
  });
});

test("batch norm by hand: 1 and 3 have mean 2 and deviation 1; statistics move a tenth of the way, variance unbiased", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using layer = new BatchNorm({ channels: 1, epsilon: 0 });
    const y = await device.compute(() => layer.forward(tensor([[1], [3]]), train));
    expect([...y.data]).toEqual([-1, 1]);
    expect((await layer.runningMean.read()).data[0]).toBeCloseTo(0.2, 12);
    expect((await layer.runningVariance.read()).data[0]).toBeCloseTo(0.9 * 1 + 0.1 * 2, 12);
  });
});

test("one value per channel has no variance: training refuses it, inference does not", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using layer = new BatchNorm({ channels: 2 });
    await expect(device.compute(() => layer.forward(tensor([[1, 2]]), train))).rejects.toThrow(ShapeError);
    expect((await device.compute(() => layer.forward(tensor([[1, 2]]), inference))).shape).toEqual([1, 2]);
  });
});

test("recomputation in a checkpoint moves the running statistics once, not twice", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using layer = new BatchNorm({ channels: 1 });
    await device.compute(() => {
      valueAndGrad(
        () =>
          checkpoint(() => layer.forward(tensor([[1], [3]]), train))
            .square()
            .sum(),
        layer.parameters(),
      );
    });
    expect((await layer.runningMean.read()).data[0]).toBeCloseTo(0.2, 12);
  });
});

test("inference leaves the running statistics alone", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using layer = new BatchNorm({ channels: 1 });
    await device.compute(() => void layer.forward(tensor([[5], [9]]), inference));
    expect([...(await layer.runningMean.read()).data, ...(await layer.runningVariance.read()).data]).toEqual([0, 1]);
  });
});

test("layer norm over two axes is layer norm of them as one; group norm of a vector is layer norm of each group", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using both = new LayerNorm({ size: [2, 3] });
    using flat = new LayerNorm({ size: 6 });
    using groups = new GroupNorm({ channels: 6, groups: 2 });
    using three = new LayerNorm({ size: 3 });
    const x = new Rng(1).normal([4, 6]);
    const out = await device.compute(() => {
      const rows = tensor(x);
      return {
        both: [both.forward(rows.reshape([4, 2, 3])).reshape([4, 6]), flat.forward(rows)],
        groups: [groups.forward(rows), three.forward(rows.reshape([4, 2, 3])).reshape([4, 6])],
      };
    });
    expect(both.weight.shape).toEqual([2, 3]);
    for (const [one, other] of Object.values(out)) expectClose(one!, other!, { absolute: 1e-12, relative: 1e-12 });
    expect(() => new LayerNorm({ size: [2, 0] })).toThrow(/LayerNorm: expected size, a whole number ≥ 1, got 0/);
  });
});
