import { DataError, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boxOverlap, type DetectionInput, MeanAveragePrecision, type ObjectBoxInput } from "./mean-average-precision.ts";

const box = (left: number, top: number, right: number, bottom: number, label = 0): ObjectBoxInput => ({ label, left, top, right, bottom });
const seen = (object: ObjectBoxInput, score: number): DetectionInput => ({ ...object, score });

describe("boxOverlap", () => {
  test("by hand", () => {
    expect(boxOverlap(box(0, 0, 2, 2), box(1, 0, 3, 2))).toBe(2 / 6);
    expect(boxOverlap(box(0, 0, 2, 2), box(2, 0, 3, 2))).toBe(0);
    expect(boxOverlap(box(0, 0, 4, 4), box(1, 1, 3, 3))).toBe(4 / 16);
    expect(boxOverlap(box(0, 0, 0, 0), box(0, 0, 0, 0))).toBe(0);
  });
});

describe("MeanAveragePrecision", () => {
  const a = box(0, 0, 10, 10);
  const b = box(20, 0, 30, 10);

  test("by hand: found, missed, and seen where nothing is", () => {
    const metric = new MeanAveragePrecision({ classes: 1, overlaps: [0.5] });
    metric.update({ objects: [a, b], detections: [seen(a, 0.9), seen(box(50, 50, 60, 60), 0.8), seen(b, 0.7)] });
    // Precision 1, 1/2, 2/3 at recalls ½, ½, 1; interpolated 1 up to ½ (51 of 101 places) and 2/3 beyond.
    expect(metric.result().mean).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
  });

  test("an object is found once: a second box on it is a mistake", () => {
    const metric = new MeanAveragePrecision({ classes: 1, overlaps: [0.5] });
    metric.update({ objects: [a, b], detections: [seen(a, 0.9), seen(a, 0.8), seen(b, 0.7)] });
    expect(metric.result().mean).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
  });

  test("a box that covers 0.72 of the union counts up to 0.7: 5 of COCO's 10 overlaps", () => {
    const metric = new MeanAveragePrecision({ classes: 2 });
    metric.update({ objects: [box(0, 0, 100, 100)], detections: [seen(box(0, 0, 100, 72), 0.5)] });
    const { mean, perOverlap, perClass } = metric.result();
    expect(mean).toBeCloseTo(0.5, 12);
    expect(perOverlap).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    // A class that does not occur is not counted.
    expect(perClass).toEqual([0.5, Number.NaN]);
  });

  test("images and classes are apart: a box on another image's object, or of another class, finds nothing", () => {
    const metric = new MeanAveragePrecision({ classes: 2, overlaps: [0.5] });
    metric.update({ objects: [a], detections: [seen({ ...a, label: 1 }, 0.9)] });
    metric.update({ objects: [{ ...b, label: 1 }], detections: [seen(a, 0.9)] });
    expect(metric.result().mean).toBe(0);
  });

  test("laws: perfect answers give 1; parts counted apart, in any order and through a saved state, give the whole", () => {
    const scene = fc.nat().map((seed) => {
      const rng = new Rng(seed);
      const boxes = Array.from({ length: rng.integer(1, 6) }, () => {
        const [left, top] = [rng.float(0, 50), rng.float(0, 50)];
        return box(left, top, left + rng.float(1, 20), top + rng.float(1, 20), rng.integer(0, 3));
      });
      const moved = boxes.map((object) => seen({ ...object, right: object.right + rng.float(0, 8) }, rng.float()));
      return { objects: boxes, detections: moved };
    });
    fc.assert(
      fc.property(fc.array(scene, { minLength: 2, maxLength: 6 }), (scenes) => {
        const whole = new MeanAveragePrecision({ classes: 3 });
        const [first, second] = [new MeanAveragePrecision({ classes: 3 }), new MeanAveragePrecision({ classes: 3 })];
        const perfect = new MeanAveragePrecision({ classes: 3 });
        for (const [i, inputs] of scenes.entries()) {
          whole.update(inputs);
          (i % 2 === 0 ? first : second).update(inputs);
          perfect.update({ objects: inputs.objects, detections: inputs.objects.map((object) => seen(object, 0.5)) });
        }
        const restored = new MeanAveragePrecision({ classes: 3 });
        restored.restore(JSON.parse(JSON.stringify(second.state())));
        restored.merge(first);
        expect(restored.result().mean).toBeCloseTo(whole.result().mean, 12);
        expect(perfect.result().mean).toBeCloseTo(1, 12);
        expect(whole.result().mean).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  test("recalls are read where COCO's own code reads them, rounding errors included", () => {
    // 7 of 20 found, a mistake, then the rest. accumulate() of pycocotools, in numpy: searchsorted([…, 0.35, 0.35, 0.4, …], linspace(0, 1, 101)).
    const objects = Array.from({ length: 20 }, (_, i) => box(20 * i, 0, 20 * i + 10, 10));
    const found = objects.map((object, i) => seen(object, i < 7 ? 0.9 : 0.5));
    const metric = new MeanAveragePrecision({ classes: 1, overlaps: [0.5] });
    metric.update({ objects, detections: [...found, seen(box(0, 50, 10, 60), 0.7)] });
    expect(metric.result().mean).toBeCloseTo((35 + 66 * (20 / 21)) / 101, 12);
  });

  test("of objects that a box overlaps alike it finds the last, as COCO's own code does", () => {
    const objects = [box(0, 0, 10, 10), box(10, 0, 20, 10)];
    const metric = new MeanAveragePrecision({ classes: 1, overlaps: [0.3] });
    // The first box lies half on each object; the second on the first alone.
    metric.update({ objects, detections: [seen(box(5, 0, 15, 10), 0.9), seen(objects[0]!, 0.8)] });
    expect(metric.result().mean).toBe(1);
  });

  test("a metric merged with itself counts twice; other options and their states are refused", () => {
    const metric = new MeanAveragePrecision({ classes: 2, overlaps: [0.5] });
    metric.update({ objects: [a], detections: [seen(a, 0.9)] });
    metric.merge(metric);
    expect(metric.state()).toEqual({
      objects: [2, 0],
      detections: [
        [
          [0.9, 1],
          [0.9, 1],
        ],
        [],
      ],
    });
    for (const other of [{ classes: 3, overlaps: [0.5] }, { classes: 2, overlaps: [0.6] }, { classes: 2 }]) {
      expect(() => metric.merge(new MeanAveragePrecision(other))).toThrow("MeanAveragePrecision.merge: expected equal options");
    }
    expect(() => new MeanAveragePrecision({ classes: 3, overlaps: [0.5] }).restore(metric.state())).toThrow("expected 3 classes");
    expect(() => new MeanAveragePrecision({ classes: 2 }).restore(metric.state())).toThrow("rows of 11, got 2 and rows of 2");
  });

  test("parts with more detections than a call may have arguments are merged", () => {
    const [whole, part] = [1, 2].map(() => new MeanAveragePrecision({ classes: 1, overlaps: [0.5] }));
    part!.restore({ objects: [1], detections: [Array.from({ length: 200_000 }, (_, i) => [i / 200_000, 0])] });
    whole!.merge(part!);
    expect(whole!.state().detections[0]).toHaveLength(200_000);
  });

  test("detections without any object are told apart from no update", () => {
    const metric = new MeanAveragePrecision({ classes: 1 });
    expect(() => metric.result()).toThrow("at least one update");
    metric.update({ objects: [], detections: [seen(a, 0.9)] });
    expect(() => metric.result()).toThrow("expected an object in some image, got none");
  });

  test("bad options and inputs are refused, and nothing is added", () => {
    expect(() => new MeanAveragePrecision({ classes: 0 })).toThrow(OptionError);
    expect(() => new MeanAveragePrecision({ classes: 1, overlaps: [0] })).toThrow(/overlaps above 0/);
    const metric = new MeanAveragePrecision({ classes: 1 });
    expect(() => metric.update({ objects: [box(0, 0, 1, 1, 1)], detections: [] })).toThrow(DataError);
    expect(() => metric.update({ objects: [box(2, 0, 1, 1)], detections: [] })).toThrow(/got label 0 and \[2, 0, 1, 1\]/);
    expect(() => metric.update({ objects: [a], detections: [seen(a, Number.NaN)] })).toThrow(/finite scores, got NaN/);
    expect(() => metric.result()).toThrow(DataError);
  });
});
