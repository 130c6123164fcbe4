import { fromNested, type HostTensor, hostTensor, matmul, Rng, type Tensor, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { drawShapes, onDevice, trainedShapeNet } from "../explain-fixture.ts";
import { gradCam } from "../gradients/grad-cam.ts";
import { saliency } from "../gradients/saliency.ts";
import { infidelity, sensitivity } from "./infidelity.ts";
import { pointingGame } from "./pointing-game.ts";
import { randomisedWeights } from "./randomised-weights.ts";

const linear = (x: Tensor): Tensor =>
  matmul(
    x,
    tensor([
      [3, 0],
      [-4, 0],
    ]).cast(x.dtype),
  );

test("infidelity of a linear model's gradient is 0, of anything else not; a constant explanation has sensitivity 0", async () => {
  await onDevice(async (device) => {
    const { faithful, unfaithful, still, jumpy } = (await device.compute(() => {
      const x = tensor(hostTensor(Float64Array.of(1, 2), [1, 2]));
      const common = { forward: linear, target: 0, standardDeviation: 0.5, rng: new Rng(1) };
      const attribute = (y: Tensor): Tensor => saliency(y, { forward: linear, target: 0 });
      return {
        faithful: infidelity(x, { ...common, attributions: tensor(hostTensor(Float64Array.of(3, -4), [1, 2])) }),
        unfaithful: infidelity(x, { ...common, attributions: tensor(hostTensor(Float64Array.of(3, 4), [1, 2])), samples: 400 }),
        still: sensitivity(x, { attribute, radius: 0.1, rng: new Rng(2) }),
        jumpy: sensitivity(x, { attribute: (y) => y, radius: 0.1, rng: new Rng(2) }),
      };
    })) as Record<string, HostTensor>;
    expect(faithful!.data[0]).toBeCloseTo(0, 12);
    // E (8 ε)² with ε of variance ¼ is 16.
    expect(Math.abs(unfaithful!.data[0]! - 16)).toBeLessThan(4);
    expect(still!.data[0]).toBe(0);
    expect(jumpy!.data[0]).toBeGreaterThan(0);
    expect(jumpy!.data[0]).toBeLessThanOrEqual(Math.SQRT2 * 0.1);
  });
});

test("the sensitivity of a map of zeros is the change itself, and NaN is not taken for calm", async () => {
  await onDevice(async (device) => {
    const of = async (attribute: (x: Tensor) => Tensor): Promise<number> => {
      const x = hostTensor(Float64Array.of(1, 2), [1, 2]);
      const scores = await device.compute(() => sensitivity(tensor(x), { attribute, radius: 0.1, rng: new Rng(1) }));
      return (scores as HostTensor).data[0]!;
    };
    expect(await of((x) => x.mul(0))).toBe(0);
    const moved = await of((x) => x.sub(tensor([[1, 2]]).cast(x.dtype)));
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThanOrEqual(Math.SQRT2 * 0.1);
    expect(await of((x) => x.sub(5).log())).toBeNaN();
  });
});

test("a heat map is not taken for attributions, nor perturbations of no width for some; a map of other axes has its sensitivity", async () => {
  await onDevice(async (device) => {
    using model = await trainedShapeNet(device, { seed: 1, steps: 1 });
    const forward = (x: Tensor): Tensor => model.forward(x);
    const cam = (x: Tensor): Tensor => gradCam(x, { model, layer: "conv3", forward, target: 0 });
    const images = drawShapes(1, new Rng(1)).images;
    const run = (options: { standardDeviation: number; attribute: (x: Tensor) => Tensor }) =>
      device.compute(() => {
        const x = tensor(images);
        return infidelity(x, { ...options, forward, target: 0, attributions: options.attribute(x), rng: new Rng(1) });
      });
    // [1, 16, 16, 1] and [1, 16, 16] would broadcast to [1, 16, 16, 16].
    await expect(run({ standardDeviation: 0.1, attribute: cam })).rejects.toThrow(
      "infidelity: expected attributions of the inputs' shape [1, 16, 16, 1], got [1, 16, 16]",
    );
    for (const standardDeviation of [0, -1, Number.NaN, Infinity]) {
      await expect(run({ standardDeviation, attribute: (x) => x })).rejects.toThrow(
        `a standardDeviation above 0, got ${standardDeviation}`,
      );
    }
    const ofHeatMap = (await device.compute(() =>
      sensitivity(tensor(images), { attribute: cam, radius: 0.1, rng: new Rng(2) }),
    )) as HostTensor;
    expect(ofHeatMap.shape).toEqual([1]);
    expect(ofHeatMap.data[0]).toBeGreaterThan(0);
    await expect(
      device.compute(() => sensitivity(tensor(images), { attribute: (x) => x.sum(), radius: 0.1, rng: new Rng(2) })),
    ).rejects.toThrow("sensitivity: expected attributions of 1 examples, [1, …], got []");
  }, "fast");
});

test("pointing game by hand, with and without tolerance", () => {
  const maps = fromNested([
    [
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 2],
    ],
  ]);
  const masks = fromNested([
    [
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 1],
    ],
  ]);
  expect([...pointingGame({ maps, masks })]).toEqual([0, 1]);
  expect([...pointingGame({ maps, masks }, { tolerance: 1 })]).toEqual([1, 1]);
  expect(() => pointingGame({ maps, masks }, { tolerance: 0.5 })).toThrow("expected a whole tolerance of at least 0, got 0.5");
  const blank = hostTensor(new Float32Array(18).fill(Number.NaN), [2, 3, 3]);
  expect(() => pointingGame({ maps: blank, masks })).toThrow("expected numbers in the maps, got NaN");
  expect(() => pointingGame({ maps, masks: fromNested([[1]]) })).toThrow("expected maps and masks [B, H, W]");
});

test("shuffled weights change Grad-CAM, layer upon layer from the top, and are put back", async () => {
  await onDevice(async (device) => {
    using model = await trainedShapeNet(device, { seed: 1, steps: 5 });
    const { images, labels } = drawShapes(4, new Rng(42));
    const cam = (): Tensor => gradCam(tensor(images), { model, layer: "conv3", forward: (x) => model.forward(x), target: labels });
    const before = (await device.compute(cam)) as HostTensor;
    const stages = await randomisedWeights({ device, model, explain: cam, rng: new Rng(3) });
    expect(stages.map(({ layer }) => layer)).toEqual(["head", "conv3", "conv2", "conv1"]);
    expect(stages.at(-1)!.similarity).toBeLessThan(0.9);
    const after = (await device.compute(cam)) as HostTensor;
    expect([...after.data]).toEqual([...before.data]);
    await expect(randomisedWeights({ device, model, explain: cam, layers: ["conv7"], rng: new Rng(1) })).rejects.toThrow('got "conv7"');
  }, "fast");
});

test("a map that looks at nothing learned is caught: its similarity stays 1", async () => {
  await onDevice(async (device) => {
    using model = await trainedShapeNet(device, { seed: 1, steps: 1 });
    const { images } = drawShapes(2, new Rng(1));
    const stages = await randomisedWeights({ device, model, explain: () => tensor(images).square(), rng: new Rng(3) });
    expect(stages.every(({ similarity }) => similarity > 0.999)).toBe(true);
    // Of one value everywhere, it has no order to compare.
    const flat = await randomisedWeights({ device, model, explain: () => tensor([[0.5, 0.5]]), rng: new Rng(3) });
    expect(flat.map(({ similarity }) => similarity)).toEqual([1, 1, 1, 1]);
  }, "fast");
});
