import { DataError, type HostTensor, hostTensor, OptionError, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { padFields } from "../collate/pad-fields.ts";
import type { Dataset, Example } from "../dataset.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import type { Transform } from "../transforms/transform.ts";
import { sequenceStream, streamOf } from "./data-stream.ts";
import { collect, count, withDamage } from "./stream-fixture.ts";

describe("batches of a stream", () => {
  const dataset = arrayDataset({
    x: hostTensor(
      Float32Array.from({ length: 23 }, (_, i) => i),
      [23],
    ),
  });
  const jitter: Transform<Example<"x">> = ({ x }, { rng }) => {
    for (let row = 0; row < x.data.length; row++) x.data[row]! += rng(row).float();
  };
  const options = { batchSize: 4, transform: jitter };
  const values = (all: Example<"x">[]): number[][] => all.map(({ x }) => Array.from(x.data));

  test("unshuffled they are those of the dataset, transforms and their chance included", async () => {
    const streamed = await collect(batches(streamOf(dataset), { ...options, rng: new Rng(7) }));
    expect(streamed).toEqual([...batches(dataset, { ...options, rng: new Rng(7) })]);
    expect(await collect(batches(streamOf(dataset), { batchSize: 4, dropLast: true }))).toHaveLength(5);
  });

  test("what an example gets does not depend on the order", async () => {
    const make = (shuffle?: Rng) => batches(streamOf(dataset), { ...options, rng: new Rng(7), shuffle, shuffleBuffer: 6 });
    const sorted = (all: number[][]): number[] => all.flat().toSorted((a, b) => a - b);
    const shuffled = values(await collect(make(new Rng(1))));
    expect(sorted(shuffled)).toEqual(sorted(values(await collect(make()))));
    expect(shuffled).not.toEqual(values(await collect(make())));
  });

  test("resumed from its state, through JSON, exactly the batches that were left remain", async () => {
    for (const shuffle of [undefined, () => new Rng(2)]) {
      for (let taken = 0; taken <= 6; taken++) {
        const pass = batches(streamOf(dataset), { ...options, rng: new Rng(7), shuffle: shuffle?.(), shuffleBuffer: 6 });
        for (let i = 0; i < taken; i++) await pass.next();
        const state = JSON.parse(JSON.stringify(pass.state));
        const rest = await collect(batches(streamOf(dataset), { ...options, shuffleBuffer: 6, resume: state }));
        expect(rest).toEqual(await collect(pass));
      }
    }
    const { state } = batches(streamOf(dataset), { batchSize: 3 });
    expect(() => batches(streamOf(dataset), { batchSize: 4, resume: state })).toThrow(/batchSize 3/);
  });

  test("whether and how a resumed pass is shuffled is the state's to say; what would give other batches is refused", async () => {
    const stream = streamOf(dataset);
    const lengthOf = (): number => 1;
    const plain = batches(stream, { batchSize: 4 });
    await plain.next();
    const shuffled = batches(stream, { batchSize: 4, shuffle: new Rng(2), shuffleBuffer: 6 });
    await shuffled.next();
    const [still, mixed] = [plain.state, shuffled.state];
    const left = values(await collect(shuffled));
    expect(values(await collect(batches(stream, { batchSize: 4, shuffle: new Rng(3), resume: still })))).toEqual(
      values(await collect(plain)),
    );
    const again = batches(stream, { batchSize: 4, shuffle: new Rng(3), shuffleBuffer: 6, resume: mixed });
    expect(again.state).toEqual(mixed);
    expect(values(await collect(again))).toEqual(left);

    const shuffle = new Rng(2);
    const refused = (other: object, reason: RegExp): void => {
      const resume = (): unknown => batches(stream, { batchSize: 4, shuffleBuffer: 6, resume: mixed, ...other });
      expect(resume).toThrow(DataError);
      expect(resume).toThrow(reason);
    };
    refused({ shuffleBuffer: 7 }, /shuffleBuffer 7\), got a state with shuffleBuffer 6/);
    refused({ shuffleBuffer: undefined }, /shuffleBuffer 1000\), got a state with shuffleBuffer 6/);
    refused({ dropLast: true }, /dropLast true\), got a state with dropLast false/);
    refused({ lengthOf }, /byLength true\), got a state with byLength false/);
    refused(
      { lengthOf: undefined, resume: batches(stream, { batchSize: 4, shuffle, shuffleBuffer: 6, lengthOf }).state },
      /byLength false/,
    );
    refused({ shuffle, resume: { ...mixed, stream: still.stream } }, /resume\.stream/);
    refused({ resume: { ...still, stream: mixed.stream } }, /resume\.stream/);
    refused({ resume: { ...mixed, position: -1 } }, /resume\.position to be a whole number of batches, got -1/);
  });

  test("damaged elements make their batch smaller, are told of with it, and change nothing else: as in a dataset", async () => {
    const isDamaged = (index: number): boolean => index === 5 || index === 6 || index === 17;
    const damaged: Dataset<Example<"x">> = {
      length: 23,
      get: (index) => {
        if (isDamaged(index)) throw new DataError(`example ${index} is damaged`);
        return dataset.get(index);
      },
    };
    const [told, known]: [string[], string[]] = [[], []];
    const note =
      (list: string[]) =>
      (error: DataError, index: number): unknown =>
        list.push(`${index}: ${error.message}`);
    const streamed = await collect(batches(streamOf(damaged), { ...options, rng: new Rng(7), onDamaged: note(told) }));
    expect(streamed).toEqual([...batches(damaged, { ...options, rng: new Rng(7), onDamaged: note(known) })]);
    expect(told).toEqual(["5: example 5 is damaged", "6: example 6 is damaged", "17: example 17 is damaged"]);
    expect(told).toEqual(known);

    const shuffled = { ...options, rng: new Rng(7), shuffle: new Rng(2), shuffleBuffer: 6 };
    const sound = await collect(batches(streamOf(dataset), { ...shuffled, rng: new Rng(7), shuffle: new Rng(2) }));
    const pass = batches(streamOf(damaged), { ...shuffled, onDamaged: note([]) });
    const first = [(await pass.next()).value!, (await pass.next()).value!];
    const { state } = pass;
    const late: string[] = [];
    const rest = await collect(batches(streamOf(damaged), { ...options, shuffleBuffer: 6, resume: state, onDamaged: note(late) }));
    const whole = values(sound).map((row) => row.filter((x) => !isDamaged(Math.floor(x))));
    expect(values([...first, ...rest])).toEqual(whole);
    // Told of once, with the batch they are missing in: not again by the pass that goes on.
    expect(late.length).toBe(
      values(sound)
        .slice(2)
        .flat()
        .filter((x) => isDamaged(Math.floor(x))).length,
    );
  });

  test("without onDamaged the pass stays at the batch that has one; resumed with it, the pass goes on", async () => {
    const broken = withDamage(10, (x) => x === 5).map((x): Example<"x"> => ({ x: hostTensor(Float32Array.of(x), []) }));
    for (const prefetch of [0, 2]) {
      const pass = batches(broken, { batchSize: 2, prefetch });
      for (let taken = 0; taken < 2; taken++) expect((await pass.next()).done).toBe(false);
      for (let again = 0; again < 2; again++) await expect(pass.next()).rejects.toThrow(/element 5/);
      expect(pass.state.position).toBe(2);
      const rest = await collect(batches(broken, { batchSize: 2, resume: pass.state, onDamaged: () => {} }));
      expect(values(rest)).toEqual([[4], [6, 7], [8, 9]]);
    }
    const hopeless = withDamage(4, () => true).map((x): Example<"x"> => ({ x: hostTensor(Float32Array.of(x), []) }));
    await expect(collect(batches(hopeless, { batchSize: 2, onDamaged: () => {} }))).rejects.toThrow(/can be read in the whole stream/);
  });

  test("batches that are damaged altogether are passed over, with and without prefetch, and count in the state: as in a dataset", async () => {
    const isDamaged = (x: number): boolean => [0, 1, 4, 5, 8].includes(x);
    const example = (x: number): Example<"x"> => ({ x: hostTensor(Float32Array.of(x), []) });
    const broken = withDamage(9, isDamaged).map(example);
    for (const prefetch of [0, 1, 4]) {
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
      ] as const) {
        const told: number[] = [];
        const pass = batches(broken, { batchSize, prefetch, onDamaged: (_, index) => told.push(index) });
        const states = [pass.state];
        for (const row of expected) {
          expect(values([(await pass.next()).value!])).toEqual([row]);
          states.push(JSON.parse(JSON.stringify(pass.state)));
        }
        expect(states.map(({ position }) => position)).toEqual([0, ...positions]);
        expect(told).toEqual([0, 1, 4, 5]);
        expect(await pass.next()).toEqual({ done: true, value: undefined });
        expect(told).toEqual([0, 1, 4, 5, 8]);
        expect(pass.state.position).toBe(Math.ceil(9 / batchSize));
        for (const [taken, resume] of states.entries()) {
          expect(values(await collect(batches(broken, { batchSize, prefetch, onDamaged: () => {}, resume })))).toEqual(
            expected.slice(taken),
          );
        }
      }
    }
    // Shuffled, one by one: those that are whole, in the order they have when none is damaged.
    const one = { batchSize: 1, shuffleBuffer: 4 };
    const sound = values(await collect(batches(count(9).map(example), { ...one, shuffle: new Rng(3) })));
    const rest = values(await collect(batches(broken, { ...one, shuffle: new Rng(3), onDamaged: () => {} })));
    expect(rest).toEqual(sound.filter(([x]) => !isDamaged(x!)));
    const hopeless = batches(withDamage(4, () => true).map(example), { batchSize: 1, prefetch: 2, onDamaged: () => {} });
    for (let again = 0; again < 2; again++) await expect(hopeless.next()).rejects.toThrow(/whole stream, got none: all are damaged/);
    expect((await batches(count(0).map(example), { batchSize: 1, onDamaged: () => {} }).next()).done).toBe(true);
  });

  test("batches made ahead are the same, are read while the last one is used, and do not count in the state", async () => {
    let read = 0;
    const counted = sequenceStream(23, (index) => {
      read++;
      return dataset.get(index);
    });
    const pass = batches(counted, { ...options, rng: new Rng(7), prefetch: 2 });
    const expected = await collect(batches(streamOf(dataset), { ...options, rng: new Rng(7) }));
    expect((await pass.next()).value).toEqual(expected[0]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(read).toBe(12);
    const { state } = pass;
    expect(state.position).toBe(1);
    expect(await Promise.all([pass.next(), pass.next()])).toEqual([1, 2].map((i) => ({ done: false, value: expected[i] })));
    expect(await collect(pass)).toEqual(expected.slice(3));
    expect(await collect(batches(streamOf(dataset), { ...options, resume: state, prefetch: 1 }))).toEqual(expected.slice(1));
    expect(() => batches(counted, { batchSize: 1, prefetch: -1 })).toThrow(OptionError);
  });

  test("by length: every element once, hardly any padding, the same for the same seed, resumed exactly", async () => {
    const lengths = Array.from(new Rng(9).uniform([300]).data, (value) => 1 + Math.floor(value * 40));
    const texts = sequenceStream(
      300,
      (i): Example<"ids" | "number"> => ({
        ids: hostTensor(new Int32Array(lengths[i]!), [lengths[i]!]),
        number: hostTensor(Int32Array.of(i), []),
      }),
    );
    const order = {
      batchSize: 8,
      shuffleBuffer: 100,
      collate: padFields({ ids: 0 }),
      lengthOf: ({ ids }: Example<"ids">) => ids.shape[0]!,
    };
    const make = (seed: number) => batches(texts, { ...order, shuffle: new Rng(seed) });
    const whole = await collect(make(1));
    expect(whole.flatMap(({ number }) => Array.from(number.data)).toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    const padded = (all: Example<"ids">[]): number => all.reduce((sum, { ids }) => sum + ids.data.length, 0);
    const mixed = await collect(batches(texts, { ...order, lengthOf: undefined, shuffle: new Rng(1) }));
    const tokens = lengths.reduce((sum, length) => sum + length);
    // 100 held for batches of 8: about a tenth of the range of lengths in a batch. The last batches have less to choose from.
    expect(padded(whole) / tokens).toBeLessThan(1.15);
    expect(padded(mixed) / tokens).toBeGreaterThan(1.5);
    expect(await collect(make(1))).toEqual(whole);
    expect(await collect(make(2))).not.toEqual(whole);
    for (const taken of [0, 5, 20, 37]) {
      const pass = make(1);
      for (let i = 0; i < taken; i++) await pass.next();
      const state = JSON.parse(JSON.stringify(pass.state));
      expect(await collect(batches(texts, { ...order, resume: state }))).toEqual(whole.slice(taken));
    }
    expect(() => batches(texts, order)).toThrow(/a stream to draw from beside lengthOf/);
    expect(() => batches(texts, { ...order, shuffle: new Rng(1), shuffleBuffer: 7 })).toThrow(/at least a batch \(8\)/);
  });

  test("examples of different lengths are padded by collate", async () => {
    const ragged = count(3).map((x): Example<"ids"> => ({ ids: hostTensor(new Int32Array(x + 1).fill(x), [x + 1]) }));
    const [batch] = await collect(batches(ragged, { batchSize: 3, collate: padFields({ ids: -1 }) }));
    const { shape, data }: HostTensor = batch!.ids;
    expect(shape).toEqual([3, 3]);
    expect(Array.from(data)).toEqual([0, -1, -1, 1, 1, -1, 2, 2, 2]);
    await expect(collect(batches(ragged, { batchSize: 3 }))).rejects.toThrow(DataError);
  });
});
