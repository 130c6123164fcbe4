import { DataError, hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches } from "./batches.ts";
import type { Dataset, Example } from "./dataset.ts";
import { arrayDataset } from "./datasets/array-dataset.ts";
import type { Transform } from "./transforms/transform.ts";

const counting = (length: number) =>
  arrayDataset({
    numbers: hostTensor(
      Int32Array.from({ length }, (_, i) => i),
      [length],
    ),
  });
const numbersOf = (pass: Iterable<Example<"numbers">>): number[][] => Array.from(pass, (batch) => Array.from(batch.numbers.data));

/** Adds chance to every number: what an augmentation does. */
const jitter: Transform<Example<"numbers">> = ({ numbers }, { rng }) => {
  for (let row = 0; row < numbers.data.length; row++) numbers.data[row]! += 1000 * rng(row).integer(0, 1000);
};

describe("batches", () => {
  test("without shuffle reads in order; the last batch is what is left, or is dropped", () => {
    expect(numbersOf(batches(counting(5), { batchSize: 2 }))).toEqual([[0, 1], [2, 3], [4]]);
    expect(numbersOf(batches(counting(5), { batchSize: 2, dropLast: true }))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(batches(counting(5), { batchSize: 2 }).length).toBe(3);
    expect(batches(counting(5), { batchSize: 2, dropLast: true }).length).toBe(2);
    expect(batches(counting(4), { batchSize: 9 }).length).toBe(1);
  });

  test("shuffle gives every example once, the same way for the same stream and differently for another", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0 }), (length, batchSize, seed) => {
        const order = numbersOf(batches(counting(length), { batchSize, shuffle: new Rng(seed) })).flat();
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
        expect(numbersOf(batches(counting(length), { batchSize, shuffle: new Rng(seed) })).flat()).toEqual(order);
      }),
      { numRuns: 50 },
    );
    const epoch = (name: string) => numbersOf(batches(counting(50), { batchSize: 50, shuffle: new Rng(1).fork(name) }));
    expect(epoch("epoch 0")).not.toEqual(epoch("epoch 1"));
  });

  test("what a random transform does to an example depends on the example, not on order or batch size", () => {
    const at = (options: { batchSize: number; shuffle?: Rng }) =>
      numbersOf(batches(counting(20), { ...options, transform: jitter, rng: new Rng(3) }))
        .flat()
        .toSorted((a, b) => a - b);
    expect(at({ batchSize: 7, shuffle: new Rng(1) })).toEqual(at({ batchSize: 20 }));
    expect(new Set(at({ batchSize: 20 }).map((value) => Math.floor(value / 1000))).size).toBeGreaterThan(15);
  });

  test("two transforms draw from different streams, and two passes over one unforked stream differ", () => {
    const drawn: number[] = [];
    const draw: Transform = (_, { rng }) => drawn.push(rng(0).words(1)[0]!);
    const rng = new Rng(4);
    for (let pass = 0; pass < 2; pass++) batches(counting(1), { batchSize: 1, transform: [draw, draw], rng }).next();
    expect(new Set(drawn).size).toBe(4);
  });

  test("a pass resumed from its state, through JSON, gives exactly the batches that were left", () => {
    fc.assert(
      fc.property(fc.nat({ max: 6 }), fc.boolean(), (taken, oneStream) => {
        const shuffle = new Rng(9).fork("epoch 2");
        const options = { batchSize: 4, transform: jitter };
        const pass = batches(counting(23), { ...options, shuffle, rng: oneStream ? shuffle : new Rng(10) });
        for (let i = 0; i < taken; i++) pass.next();
        const state = JSON.parse(JSON.stringify(pass.state));
        const resumed = batches(counting(23), { ...options, resume: state });
        expect(resumed.state).toEqual(pass.state);
        expect(numbersOf(resumed)).toEqual(numbersOf(pass));
      }),
    );
  });

  test("any batch can be had alone, as the pass gives it", () => {
    const options = { batchSize: 3, transform: jitter };
    const make = () => batches(counting(10), { ...options, shuffle: new Rng(5), rng: new Rng(6) });
    const inOrder = numbersOf(make());
    const pass = make();
    for (const position of [3, 0, 2, 1, 0]) expect(Array.from(pass.at(position).numbers.data)).toEqual(inOrder[position]);
    expect(pass.state.position).toBe(0);
    expect(() => pass.at(4)).toThrow(/from 0 to 3, got 4/);
  });

  test("leaving the loop keeps the place: looping again goes on", () => {
    const pass = batches(counting(6), { batchSize: 2 });
    for (const batch of pass) {
      expect(batch.numbers.data[0]).toBe(0);
      break;
    }
    expect(numbersOf(pass)).toEqual([
      [2, 3],
      [4, 5],
    ]);
  });

  test("a dataset without getBatch is stacked example by example", () => {
    const pairs: Dataset<Example<"pair">> = { length: 3, get: (index) => ({ pair: hostTensor(Float32Array.of(index, -index), [2]) }) };
    const [first] = batches(pairs, { batchSize: 3 });
    expect(first).toEqual({ pair: { shape: [3, 2], dtype: "float32", data: Float32Array.of(0, -0, 1, -1, 2, -2) } });
  });

  test("examples of different shapes are refused by name", () => {
    const ragged: Dataset<Example<"word">> = { length: 2, get: (index) => ({ word: hostTensor(new Int32Array(index + 1), [index + 1]) }) };
    expect(() => batches(ragged, { batchSize: 2 }).next()).toThrow(
      /field word to be int32 \[1\] in every example, got int32 \[2\] in example 1/,
    );
  });

  test("wrong options say what is expected", () => {
    for (const batchSize of [0, -1, 1.5, Number.NaN]) expect(() => batches(counting(3), { batchSize })).toThrow(OptionError);
    expect(() => batches(counting(0), { batchSize: 1 })).toThrow(DataError);
    expect(() => batches(counting(3), { batchSize: 1, transform: jitter }).next()).toThrow(/expected an rng for a random transform/);
    const { state } = batches(counting(3), { batchSize: 1 });
    expect(() => batches(counting(4), { batchSize: 1, resume: state })).toThrow(/length 4.*length 3/);
    expect(() => batches(counting(3), { batchSize: 2, resume: state })).toThrow(/batchSize/);
    expect(() => batches(counting(3), { batchSize: 1, resume: { ...state, position: -1 } })).toThrow(DataError);
    expect(() => batches(counting(3), { batchSize: 1, resume: { ...state, position: 4 } })).toThrow(/at most 3, .* got 4/);
    expect(batches(counting(3), { batchSize: 1, resume: { ...state, position: 3 } }).next().done).toBe(true);
  });
});
