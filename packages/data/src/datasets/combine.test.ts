import { DataError, hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BatchesOptions, batches } from "../batches.ts";
import { padFields } from "../collate/pad-fields.ts";
import type { Dataset, Example } from "../dataset.ts";
import { classCounts, labelsOf } from "../statistics/class-counts.ts";
import { arrayDataset } from "./array-dataset.ts";
import { concat } from "./concat.ts";
import { map } from "./map.ts";
import { split } from "./split.ts";
import { readBatch, stack } from "./stack.ts";
import { subset, take } from "./subset.ts";

const labelled = (labels: readonly number[], classNames?: readonly string[]) =>
  arrayDataset(
    {
      ids: hostTensor(
        Int32Array.from(labels, (_, i) => i),
        [labels.length],
      ),
      labels: hostTensor(Int32Array.from(labels), [labels.length]),
    },
    { classNames },
  );
const idsOf = (dataset: Dataset<Example<"ids" | "labels">>): number[] =>
  Array.from({ length: dataset.length }, (_, i) => dataset.get(i).ids.data[0]!);

describe("subset, take, concat, map", () => {
  const ten = labelled([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], ["a", "b", "c"]);

  test("read through to the examples they stand for, in batches and in columns as one by one", () => {
    const odd = subset(ten, [1, 3, 5, 3]);
    expect(idsOf(odd)).toEqual([1, 3, 5, 3]);
    expect(readBatch(odd, Int32Array.of(3, 0)).ids.data).toEqual(Int32Array.of(3, 1));
    expect(Array.from(labelsOf(odd))).toEqual([1, 0, 2, 0]);
    const joined = concat(take(ten, 2), odd, subset(ten, []));
    expect(idsOf(joined)).toEqual([0, 1, 1, 3, 5, 3]);
    expect(readBatch(joined, Int32Array.of(5, 0, 2)).ids.data).toEqual(Int32Array.of(3, 0, 1));
    expect(Array.from(labelsOf(joined))).toEqual([0, 1, 1, 0, 2, 0]);
    expect(take(ten, 99).length).toBe(10);
  });

  test("class names go along; concatenated datasets that disagree are an error", () => {
    expect(take(ten, 3).classNames).toEqual(["a", "b", "c"]);
    expect(concat(ten, ten).classNames).toEqual(["a", "b", "c"]);
    expect(concat(labelled([0]), ten, labelled([1])).classNames).toEqual(["a", "b", "c"]);
    expect(concat(labelled([0]), labelled([1])).classNames).toBeUndefined();
    expect(() => concat(labelled([0]), ten, labelled([0], ["b", "a", "c"]))).toThrow(
      /the same classNames in every dataset, got a, b, c in dataset 1 and b, a, c in dataset 2/,
    );
  });

  test("map changes examples as they are read, and its labels are the changed ones", () => {
    const shifted = map(ten, ({ labels }, index) => ({ labels: hostTensor(Int32Array.of((labels.data[0]! + index) % 3), []) }));
    expect(Array.from(labelsOf(shifted))).toEqual([0, 2, 1, 0, 2, 1, 0, 2, 1, 0]);
    expect(readBatch(shifted, Int32Array.of(1, 2)).labels).toEqual(hostTensor(Int32Array.of(2, 1), [2]));
  });

  test("indices outside are refused when asked for, not when read", () => {
    expect(() => subset(ten, [0, 10])).toThrow(/from 0 to 9, got 10 at 1/);
    expect(() => subset(ten, [0.5])).toThrow(DataError);
    expect(() => subset(ten, [1]).get(1)).toThrow(DataError);
    expect(() => concat(ten).get(-1)).toThrow(DataError);
    expect(() => take(ten, -1)).toThrow(OptionError);
    expect(() => concat()).toThrow(DataError);
  });
});

describe("asynchronous reading, as workers do", () => {
  /** Gives `number + 0.5` where it is read asynchronously: as a decoder whose pixels are others. 3 is damaged. */
  class Slow implements Dataset<Example<"x">> {
    readonly length = 6;
    readonly #shapeOf = (index: number): number[] => [1 + (index % 2)];
    get(index: number): Example<"x"> {
      return { x: hostTensor(new Float32Array(1 + (index % 2)).fill(index), this.#shapeOf(index)) };
    }
    async getBatchAsync(
      indices: Int32Array,
      { onDamaged }: { onDamaged?: ((error: DataError, index: number) => void) | undefined },
    ): Promise<{ batch: Example<"x"> | undefined; kept: Int32Array }> {
      const kept = indices.filter((index) => {
        if (index !== 3) return true;
        const error = new DataError("example 3 is damaged");
        if (onDamaged === undefined) throw error;
        onDamaged(error, index);
        return false;
      });
      if (kept.length === 0) return { batch: undefined, kept };
      const batch = stack(Array.from(kept, (index) => this.get(index)));
      for (let i = 0; i < batch.x.data.length; i++) batch.x.data[i]! += 0.5;
      return { batch, kept };
    }
  }
  const slow = new Slow();
  const sync: Dataset<Example<"x">> = { length: 6, get: (index) => slow.get(index) };
  const read = async (dataset: Dataset<Example<"x">>, indices: number[], options: Partial<BatchesOptions<Example<"x">>> = {}) => {
    const batch = await batches(dataset, { batchSize: 4, ...options }).readAsync(Int32Array.from(indices));
    return batch && Array.from(batch.x.data);
  };

  test("map, concat and subset hand it on, whatever they stand on; what has none is read as ever", async () => {
    const doubled = map(slow, ({ x }, index) => ({
      x: hostTensor(
        Float32Array.from(x.data, (value) => 2 * value + index * 100),
        x.shape,
      ),
    }));
    expect(await read(slow, [4, 0, 2])).toEqual([4.5, 0.5, 2.5]);
    expect(await read(doubled, [4, 0, 2])).toEqual([409, 1, 205]);
    expect(await read(subset(doubled, [5, 4, 2]), [2, 1])).toEqual([205, 409]);
    const joined = concat(sync, subset(slow, [4, 0]), doubled);
    expect(await read(joined, [10, 6, 2, 7, 4])).toEqual([205, 4.5, 2, 0.5, 4]);
    expect(
      await read(
        map(joined, (example) => example),
        [8, 0],
      ),
    ).toEqual([1, 0]);
    expect(concat(sync, sync).getBatchAsync).toBeUndefined();
    expect(map(sync, (example) => example).getBatchAsync).toBeUndefined();
    await expect(read(joined, [14])).rejects.toThrow(/from 0 to 13, got 14/);
  });

  test("collate gets examples that were read so, each of its own shape", async () => {
    const collate = padFields({ x: -1 });
    expect(await read(slow, [0, 1], { collate })).toEqual([0.5, -1, 1.5, 1.5]);
    expect(
      await read(
        map(slow, (example) => example),
        [1, 2],
        { collate },
      ),
    ).toEqual([1.5, 1.5, 2.5, -1]);
  });

  test("a damaged example is told of by the number it has where it was asked for, and left out", async () => {
    const same = map(slow, (example) => example);
    const joined = concat(sync, slow);
    for (const [dataset, damaged, sound] of [
      [slow, 3, 5],
      [same, 3, 5],
      [subset(same, [3, 5]), 0, 1],
      [joined, 9, 11],
      [map(joined, (example) => example), 9, 11],
    ] as const) {
      for (const collate of [undefined, padFields({ x: -1 })]) {
        const told: number[] = [];
        expect(await read(dataset, [damaged, sound], { collate, onDamaged: (_, index) => told.push(index) })).toEqual([5.5, 5.5]);
        expect(told).toEqual([damaged]);
        await expect(read(dataset, [sound, damaged], { collate })).rejects.toThrow(/example 3 is damaged/);
        expect(await read(dataset, [damaged], { collate, onDamaged: () => {} })).toBeUndefined();
      }
    }
  });
});

describe("classCounts", () => {
  test("counts by class name, or up to the largest label", () => {
    expect(classCounts(labelled([0, 2, 2], ["a", "b", "c", "d"]))).toEqual([1, 0, 2, 0]);
    expect(classCounts(labelled([0, 2, 2]))).toEqual([1, 0, 2]);
    expect(() => classCounts(labelled([0, -1]))).toThrow(/got -1 at example 1/);
    expect(() => labelsOf(labelled([0]), { field: "class" })).toThrow(/a field class, got example 0 without one/);
  });
});

describe("split", () => {
  test("every example is in exactly one part, sizes are the fractions, and the seed decides", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4 }), { maxLength: 80 }), fc.nat(), fc.boolean(), (labels, seed, stratified) => {
        const all = labelled(labels);
        const options = { fractions: { train: 0.7, validation: 0.2, test: 0.1 }, stratify: stratified ? "labels" : undefined };
        const parts = split(all, { ...options, rng: new Rng(seed) });
        const ids = Object.values(parts).flatMap(idsOf);
        expect(ids.toSorted((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        expect(idsOf(split(all, { ...options, rng: new Rng(seed) }).test)).toEqual(idsOf(parts.test));
        const groups = stratified ? [0, 1, 2, 3, 4].map((label) => labels.filter((other) => other === label).length) : [labels.length];
        const sizeIn = (part: Dataset, label: number): number => (stratified ? (classCounts(part)[label] ?? 0) : part.length);
        for (const [label, size] of groups.entries()) {
          for (const [part, fraction] of [
            [parts.train, 0.7],
            [parts.validation, 0.2],
            [parts.test, 0.1],
          ] as const) {
            expect(Math.abs(sizeIn(part, label) - fraction * size)).toBeLessThan(1);
          }
        }
        // Stratified or not, the parts are as large.
        const plain = split(all, { fractions: options.fractions, rng: new Rng(seed) });
        expect(Object.values(parts).map(({ length }) => length)).toEqual(Object.values(plain).map(({ length }) => length));
      }),
    );
  });

  test("by hand: 55 of class 0 and 5 of class 1 at one fifth keep 11 and 1", () => {
    const all = labelled([...new Array(55).fill(0), ...new Array(5).fill(1)]);
    const { validation } = split(all, { fractions: { train: 0.8, validation: 0.2 }, rng: new Rng(3), stratify: "labels" });
    expect(classCounts(validation)).toEqual([11, 1]);
    const other = split(all, { fractions: { train: 0.8, validation: 0.2 }, rng: new Rng(4), stratify: "labels" }).validation;
    expect(idsOf(other)).not.toEqual(idsOf(validation));
  });

  test("many small classes leave no part empty: 100 of 4 at nine to one are 360 and 40, of 40 classes that the seed draws", () => {
    const all = labelled(Array.from({ length: 400 }, (_, i) => i % 100));
    const divide = (seed: number) => split(all, { fractions: { train: 0.9, validation: 0.1 }, rng: new Rng(seed), stratify: "labels" });
    const { train, validation } = divide(1);
    expect([train.length, validation.length]).toEqual([360, 40]);
    expect(Math.max(...classCounts(validation))).toBe(1);
    expect(classCounts(divide(2).validation)).not.toEqual(classCounts(validation));
  });

  test("one example a class is divided too: 10 classes at 7 : 2 : 1", () => {
    const all = labelled([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const parts = split(all, { fractions: { train: 0.7, validation: 0.2, test: 0.1 }, rng: new Rng(1), stratify: "labels" });
    expect(Object.values(parts).map(({ length }) => length)).toEqual([7, 2, 1]);
  });

  test("fractions that do not sum to 1, or are negative, are refused with their sum", () => {
    const all = labelled([0, 1]);
    expect(() => split(all, { fractions: { train: 0.9, test: 0.2 }, rng: new Rng(1) })).toThrow(/sum to 1, got .* 1.1/);
    expect(() => split(all, { fractions: { train: 1.5, test: -0.5 }, rng: new Rng(1) })).toThrow(OptionError);
  });
});
