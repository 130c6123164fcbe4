import { hostTensor, OptionError, Rng, tensor, valueAndGrad } from "@dl/core";
import { checkGradients } from "@dl/core/testing";
import { Adam, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { CenterNet } from "./center-net.ts";
import { centerDetections, centerNetLoss, centerPeaks, centerTargets, type ObjectBox } from "./center-targets.ts";
import { onDevice, precisions } from "./torch-fixture.ts";

const [double, , wasm] = precisions.map(({ backend }) => backend);
const rng = new Rng(2);
const objects: ObjectBox[] = [
  { label: 1, left: 2, top: 6, right: 14, bottom: 18 },
  { label: 0, left: 20, top: 8, right: 28, bottom: 30 },
];
const image = { height: 32, width: 32, classes: 2 };
const batched = (targets: ReturnType<typeof centerTargets>) => {
  const one = ({ shape, data }: { shape: readonly number[]; data: ReturnType<typeof hostTensor>["data"] }) =>
    hostTensor(data, [1, ...shape]);
  return { heat: one(targets.heat), size: one(targets.size), offset: one(targets.offset) };
};

describe("targets", () => {
  test("by hand: the middle (8, 12) lies in cell [3, 2], in its corner; the object is 3 cells tall and wide", () => {
    const { heat, size, offset } = centerTargets(objects.slice(0, 1), image);
    expect(heat.shape).toEqual([8, 8, 2]);
    const cell = 3 * 8 + 2;
    expect(heat.data[cell * 2 + 1]).toBe(1);
    expect([...size.data.slice(cell * 2, cell * 2 + 2)]).toEqual([3, 3]);
    expect([...offset.data.slice(cell * 2, cell * 2 + 2)]).toEqual([0, 0]);
    // Likelihood falls off evenly on all sides, in this class alone.
    expect(heat.data[(cell + 1) * 2 + 1]).toBeCloseTo(heat.data[(cell - 8) * 2 + 1]!, 6);
    expect(heat.data[(cell + 1) * 2 + 1]).toBeLessThan(1);
    expect(heat.data[cell * 2]).toBe(0);
    expect(size.data.filter((value) => value !== 0)).toHaveLength(2);
  });

  test("boxes come back from the maps they make", () => {
    const { heat, size, offset } = batched(centerTargets(objects, image));
    const peaks = { ...heat, data: (heat.data as Float32Array).map((value) => (value === 1 ? 0.9 : 0)) };
    const [found] = centerDetections({ peaks, size, offset });
    const kept = found!.map(({ score, ...box }) => ({ ...box, score: Math.fround(0.9) === Math.fround(score) }));
    expect(kept.sort((a, b) => b.label - a.label)).toEqual(objects.map((object) => ({ ...object, score: true })));
  });

  test.each<[string, ObjectBox]>([
    ["no area", { label: 0, left: 4, top: 4, right: 4, bottom: 8 }],
    ["a middle outside", { label: 0, left: 30, top: 0, right: 40, bottom: 8 }],
    ["a label that is no class", { label: 2, left: 0, top: 0, right: 8, bottom: 8 }],
  ])("%s is refused", (_, object) => {
    expect(() => centerTargets([object], image)).toThrow(OptionError);
  });
});

test("the loss by hand: one middle with logit 0, one empty cell with logit 0, errors of size and offset", async () => {
  await onDevice(double!(), async (device) => {
    const maps = { heat: [0, 0], size: [2, 4, 9, 9], offset: [0.5, 0.25, 9, 9] };
    const wanted = { heat: [1, 0.5], size: [3, 3, 0, 0], offset: [0.25, 0.25, 0, 0] };
    const map = (values: readonly number[]) =>
      tensor({ data: Float64Array.from(values), shape: [1, 1, 2, values.length / 2], dtype: "float64" });
    const loss = await device.compute(() =>
      centerNetLoss(
        { heat: map(maps.heat), size: map(maps.size), offset: map(maps.offset) },
        { heat: map(wanted.heat), size: map(wanted.size), offset: map(wanted.offset) },
      ),
    );
    // (1 − ½)²·ln 2 for the middle; (1 − ½)⁴·½²·ln 2 for the other; |2 − 3| + |4 − 3|, a tenth; |½ − ¼|.
    expect(loss).toBeCloseTo(0.25 * Math.LN2 + (0.25 / 16) * Math.LN2 + 0.2 + 0.25, 6);
  });
});

test("gradients of the loss are those of central differences", async () => {
  await onDevice(double!(), async (device) => {
    const { heat, size, offset } = batched(centerTargets(objects, image));
    const inputs = [2, 2, 2].map((channels, i) => rng.fork(`map ${i}`).normal([1, 8, 8, channels]));
    await checkGradients(
      device,
      (h, s, o) => centerNetLoss({ heat: h!, size: s!, offset: o! }, { heat: tensor(heat), size: tensor(size), offset: tensor(offset) }),
      { inputs },
    );
  });
});

test("peaks are the cells that no neighbour exceeds", async () => {
  await onDevice(wasm!(), async (device) => {
    const heat = hostTensor(Float32Array.of(1, 2, 0, 0, 0, 0, -1, 0, 3), [1, 3, 3, 1]);
    const peaks = await device.compute(() => {
      const map = tensor(heat);
      return centerPeaks({ heat: map, size: map, offset: map });
    });
    expect([...peaks.data].map((value) => value > 0)).toEqual([false, true, false, false, false, false, false, false, true]);
    expect(peaks.data[8]).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
  });
});

test("a network learns the objects of one image by heart", async () => {
  await onDevice(wasm!(), async (device) => {
    using model = new CenterNet({ classes: 2, width: 8, rng: rng.fork("init") });
    using optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
    const targets = batched(centerTargets(objects, image));
    const pixels = rng.fork("image").normal([1, 32, 32, 3]);
    for (let step = 0; step < 80; step++) {
      await device.compute(() => {
        const lossOf = () =>
          centerNetLoss(model.forward(tensor(pixels), training(rng)), {
            heat: tensor(targets.heat),
            size: tensor(targets.size),
            offset: tensor(targets.offset),
          });
        optimizer.update(valueAndGrad(lossOf, model.parameters()).grads);
      });
    }
    const answer = await device.compute(() => {
      const maps = model.forward(tensor(pixels), training(rng));
      return { peaks: centerPeaks(maps), size: maps.size, offset: maps.offset };
    });
    const [found] = centerDetections({ ...answer, threshold: 0.3 });
    expect(found!.map(({ label }) => label).sort()).toEqual([0, 1]);
    for (const wanted of objects) {
      const got = found!.find(({ label }) => label === wanted.label)!;
      for (const side of ["left", "top", "right", "bottom"] as const) expect(Math.abs(got[side] - wanted[side])).toBeLessThan(2);
    }
  });
});
