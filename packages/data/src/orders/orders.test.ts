import { DataError, type HostTensor, hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { padFields } from "../collate/pad-fields.ts";
import type { Dataset, Example } from "../dataset.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { kFold } from "../datasets/k-fold.ts";
import { labelsOf } from "../statistics/class-counts.ts";
import { padCrop } from "../transforms/pad-crop.ts";
import { balancedOrder } from "./balanced-order.ts";
import { lengthOrder } from "./length-order.ts";
import { weightedOrder } from "./weighted-order.ts";

const counts = (indices: Int32Array, length: number): number[] =>
  indices.reduce((all, index) => {
    all[index]!++;
    return all;
  }, new Array<number>(length).fill(0));
const labelled = (labels: readonly number[]) => arrayDataset({ labels: hostTensor(Int32Array.from(labels), [labels.length]) });
const words = (lengths: readonly number[]): Dataset<Example<"ids">> => ({
  length: lengths.length,
  get: (i) => ({ ids: hostTensor(new Int32Array(lengths[i]!).fill(i + 1), [lengths[i]!]) }),
});

describe("weightedOrder", () => {
  test("draws in proportion to the weights: 30,000 draws come within four standard errors", () => {
    const weights = [1, 0, 3, 6];
    const drawn = counts(weightedOrder(weights, { draws: 30_000 })({ length: 4, batchSize: 1, rng: new Rng(1) }), 4);
    for (const [i, weight] of weights.entries()) {
      const p = weight / 10;
      expect(Math.abs(drawn[i]! - 30_000 * p)).toBeLessThanOrEqual(4 * Math.sqrt(30_000 * p * (1 - p)));
    }
  });

  test("without replacement no example comes twice, and the first is drawn in proportion", () => {
    const first = [0, 0, 0];
    for (let seed = 0; seed < 2000; seed++) {
      const order = weightedOrder([1, 2, 7], { replacement: false })({ length: 3, batchSize: 1, rng: new Rng(seed) });
      expect(order.toSorted()).toEqual(Int32Array.of(0, 1, 2));
      first[order[0]!]!++;
    }
    expect(first[2]! / 2000).toBeCloseTo(0.7, 1);
  });

  test("weights that cannot be are refused", () => {
    expect(() => weightedOrder([1, -1])).toThrow(/got -1 at 1/);
    expect(() => weightedOrder([0, 0])).toThrow(OptionError);
    expect(() => weightedOrder([1])({ length: 2, batchSize: 1, rng: new Rng(1) })).toThrow(DataError);
    expect(() => weightedOrder([1, 0], { replacement: false })({ length: 2, batchSize: 1, rng: new Rng(1) })).toThrow(/at most 1 draws/);
  });
});

test("balancedOrder gives every class as often to within one, and no example twice before the others of its class", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(),
      (labels, draws, seed) => {
        const order = balancedOrder(Int32Array.from(labels), { draws })({ length: labels.length, batchSize: 1, rng: new Rng(seed) });
        expect(order.length).toBe(draws);
        const drawn = counts(order, labels.length);
        const perClass = [...new Set(labels)].map((label) => {
          const own = drawn.filter((_, i) => labels[i] === label);
          expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
          return own.reduce((a, b) => a + b);
        });
        expect(Math.max(...perClass) - Math.min(...perClass)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

describe("an example that comes again in a pass", () => {
  const one = arrayDataset({
    images: hostTensor(
      Float32Array.from({ length: 36 }, (_, i) => i),
      [1, 6, 6, 1],
    ),
  });
  const images = (options: object) =>
    [...batches(one, { batchSize: 8, transform: padCrop({ padding: 2 }), rng: new Rng(1), ...options })].map(({ images }) => images);
  const orders = [balancedOrder(Int32Array.of(0), { draws: 32 }), weightedOrder([1], { draws: 32 })];

  test.each(orders)("is changed anew: 32 shifts of 25 are hardly ever fewer than 10", (order) => {
    const all = images({ order, shuffle: new Rng(2) }).flatMap(({ data }) =>
      Array.from({ length: data.length / 36 }, (_, i) => data.slice(i * 36, (i + 1) * 36).join()),
    );
    expect(all).toHaveLength(32);
    expect(new Set(all).size).toBeGreaterThan(10);
    // The first has the bits of a pass in which it comes once.
    expect(all[0]).toBe(images({})[0]!.data.join());
  });

  test("and resumed so, and read so out of turn", () => {
    const options = { batchSize: 8, order: orders[0]!, transform: padCrop({ padding: 2 }) };
    const pass = batches(one, { ...options, shuffle: new Rng(2), rng: new Rng(1) });
    const whole = [...images({ order: orders[0], shuffle: new Rng(2) })];
    pass.next();
    expect([...batches(one, { ...options, resume: pass.state })].map(({ images }) => images)).toEqual(whole.slice(1));
    expect(pass.at(3).images).toEqual(whole[3]);
  });

  test("where others are damaged, too", () => {
    const two: Dataset<Example<"images">> = {
      length: 2,
      get: (index) => {
        if (index === 0) throw new DataError("damaged");
        return one.get(0);
      },
    };
    const read = (order: number[]): string =>
      batches(two, {
        ...{ batchSize: 32, order: () => Int32Array.from(order), shuffle: new Rng(1), rng: new Rng(1) },
        ...{ transform: padCrop({ padding: 2 }), onDamaged: () => {} },
      })
        .next()
        .value!.images.data.join();
    expect(read([0, 1, 0, 1, 0, 1])).toBe(read([1, 1, 1]));
  });
});

describe("lengthOrder with padFields", () => {
  test("every example once, batches of similar lengths in no order of length", () => {
    const rng = new Rng(3);
    const lengths = Array.from({ length: 203 }, () => rng.integer(1, 60));
    const padded = (options: object): number => {
      let cells = 0;
      for (const { ids } of batches(words(lengths), { batchSize: 8, shuffle: new Rng(1), collate: padFields({ ids: 0 }), ...options })) {
        cells += ids.data.length;
      }
      return cells - lengths.reduce((a, b) => a + b);
    };
    expect(padded({ order: lengthOrder(lengths) })).toBeLessThan(padded({}) / 8);
    const seen = [
      ...batches(words(lengths), { batchSize: 8, shuffle: new Rng(1), collate: padFields({ ids: 0 }), order: lengthOrder(lengths) }),
    ];
    const ids = seen.flatMap(({ ids }) => Array.from({ length: ids.shape[0]! }, (_, row) => ids.data[row * ids.shape[1]!]!));
    expect(ids.toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i + 1));
    const widths = seen.map(({ ids }) => ids.shape[1]!);
    expect(widths).not.toEqual(widths.toSorted((a, b) => a - b));
  });

  test("padding by hand: left, to a multiple, to a length; what is too long is refused", () => {
    const row = (...ids: number[]): Example<"ids"> => ({ ids: hostTensor(Int32Array.from(ids), [ids.length]) });
    const rows = [row(1, 2, 3), row(4)];
    const nested = ({ ids }: Example<"ids">): number[] => Array.from(ids.data);
    expect(nested(padFields({ ids: 9 })(rows))).toEqual([1, 2, 3, 4, 9, 9]);
    expect(nested(padFields({ ids: 9 }, { direction: "left" })(rows))).toEqual([1, 2, 3, 9, 9, 4]);
    expect(padFields({ ids: 0 }, { multipleOf: 4 })(rows).ids.shape).toEqual([2, 4]);
    expect(padFields({ ids: 0 }, { length: 6 })(rows).ids.shape).toEqual([2, 6]);
    expect(() => padFields({ ids: 0 }, { length: 2 })(rows)).toThrow(/at most 2 in length, got 3/);
    expect(() => padFields({ id: 0 })(rows)).toThrow(/a field id/);
    const frames: HostTensor = hostTensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
    expect(padFields({ frames: 0 })([{ frames }, { frames: hostTensor(Float32Array.of(5, 6), [1, 2]) }]).frames!.data).toEqual(
      Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0),
    );
  });
});

describe("orders in a pass", () => {
  test("a weighted pass is resumed exactly, and an order without a stream is refused", () => {
    const dataset = labelled(Array.from({ length: 20 }, (_, i) => i));
    const options = { batchSize: 3, order: weightedOrder(Array.from({ length: 20 }, (_, i) => i)) };
    const pass = batches(dataset, { ...options, shuffle: new Rng(4) });
    pass.next();
    const rest = [...batches(dataset, { ...options, resume: JSON.parse(JSON.stringify(pass.state)) })];
    expect(rest).toEqual([...pass]);
    expect(() => batches(dataset, options)).toThrow(/Pass shuffle/);
    expect(() => batches(dataset, { batchSize: 3, resume: pass.state })).toThrow(/\(ordered false\), got a state with ordered true/);
    for (const shuffle of [undefined, new Rng(4)]) {
      const { state } = batches(dataset, { batchSize: 3, shuffle });
      expect(() => batches(dataset, { ...options, resume: state })).toThrow(/\(ordered true\), got a state with ordered false/);
    }
    // A state of before it was noted says nothing of it.
    const { ordered: _, ...older } = pass.state;
    expect(batches(dataset, { ...options, resume: older }).state).toEqual(pass.state);
    // More draws than examples: a position that the dataset's own order would not have.
    const longer = { batchSize: 3, order: weightedOrder([1, ...Array.from({ length: 19 }, () => 0)], { draws: 90 }) };
    const long = batches(dataset, { ...longer, shuffle: new Rng(4) });
    for (let i = 0; i < 20; i++) long.next();
    expect([...batches(dataset, { ...longer, resume: long.state })]).toHaveLength(10);
  });

  test("a damaged example is left out and reported, or ends the pass", () => {
    const dataset: Dataset<Example<"x">> = {
      length: 5,
      get: (i) => {
        if (i === 1 || i === 4) throw new DataError(`example ${i} is damaged`);
        return { x: hostTensor(Int32Array.of(i), []) };
      },
    };
    const reported: number[] = [];
    const read = [...batches(dataset, { batchSize: 4, onDamaged: (_, index) => reported.push(index), dropLast: true })];
    expect(read.map(({ x }) => Array.from(x.data))).toEqual([[0, 2, 3]]);
    expect(reported).toEqual([1]);
    expect(() => [...batches(dataset, { batchSize: 4 })]).toThrow(/example 1 is damaged/);
  });

  test("a batch that is damaged altogether is passed over: told of, counted, not given; a dataset of such is an error at its end", () => {
    const damagedAt = (length: number, isDamaged: (i: number) => boolean): Dataset<Example<"x">> => ({
      length,
      get: (i) => {
        if (isDamaged(i)) throw new DataError(`example ${i} is damaged`);
        return { x: hostTensor(Int32Array.of(i), []) };
      },
    });
    const dataset = damagedAt(9, (i) => [0, 1, 4, 5, 8].includes(i));
    for (const [batchSize, expected, positions] of [
      [1, [[2], [3], [6], [7]], [3, 4, 7, 8]],
      [
        2,
        [
          [2, 3],
          [6, 7],
        ],
        [2, 4],
      ],
      [8, [[2, 3, 6, 7]], [1]],
    ] as const) {
      const told: number[] = [];
      const pass = batches(dataset, { batchSize, onDamaged: (_, index) => told.push(index) });
      const states = [pass.state];
      for (const row of expected) {
        expect(Array.from(pass.next().value!.x.data)).toEqual(row);
        states.push(pass.state);
      }
      expect(states.map(({ position }) => position)).toEqual([0, ...positions]);
      expect(pass.next().done).toBe(true);
      expect(pass.state.position).toBe(pass.length);
      expect(told).toEqual([0, 1, 4, 5, 8]);
      for (const [taken, resume] of states.entries()) {
        const rest = [...batches(dataset, { batchSize, onDamaged: () => {}, resume })];
        expect(rest.map(({ x }) => Array.from(x.data))).toEqual(expected.slice(taken));
      }
    }
    expect(() => batches(dataset, { batchSize: 1, onDamaged: () => {} }).at(0)).toThrow(/can be read in batch 0, got none/);
    const told: number[] = [];
    const hopeless = batches(
      damagedAt(3, () => true),
      { batchSize: 2, onDamaged: (_, index) => told.push(index) },
    );
    expect(() => hopeless.next()).toThrow(/can be read in the whole dataset, got none: all are damaged/);
    expect(told).toEqual([0, 1, 2]);
    expect(() => hopeless.next()).toThrow(DataError);
  });
});

describe("kFold", () => {
  test("every example is held out once; sizes differ by at most one, of each class too when stratified", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 40 }), fc.integer({ min: 2, max: 4 }), (labels, folds) => {
        const parts = kFold(labelled(labels), { folds, rng: new Rng(1), stratify: "labels" });
        const sizes = parts.map(({ train, validation }) => {
          expect(train.length + validation.length).toBe(labels.length);
          return validation.length;
        });
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(parts.flatMap(({ validation }) => [...labelsOf(validation)]).toSorted()).toEqual(labels.toSorted());
        for (const label of new Set(labels)) {
          const own = parts.map(({ validation }) => labelsOf(validation).filter((value) => value === label).length);
          expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
        }
      }),
    );
    expect(() => kFold(labelled([1]), { folds: 2, rng: new Rng(1) })).toThrow(OptionError);
  });
});
