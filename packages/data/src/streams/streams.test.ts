import { DataError, type HostTensor, hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { padFields } from "../collate/pad-fields.ts";
import type { Dataset, Example } from "../dataset.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import type { Transform } from "../transforms/transform.ts";
import { type DataStream, type StreamCursor, type StreamState, sequenceStream, streamOf } from "./data-stream.ts";
import { chain, interleave, mix, zip } from "./mix.ts";

const count = (length: number, from = 0): DataStream<number> => sequenceStream(length, (i) => from + i);
async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const element of stream) all.push(element);
  return all;
}

/** Every kind of stream, each made anew from equal streams of chance. */
const kinds: readonly [string, () => DataStream<unknown>][] = [
  ["sequence", () => count(20)],
  [
    "map and filter",
    () =>
      count(20)
        .map((x, i) => x * 10 + i)
        .filter((x) => x % 3 !== 0),
  ],
  ["flatMap", () => count(12).flatMap((x) => Array.from({ length: x % 4 }, (_, i) => `${x}.${i}`))],
  ["mapAsync", () => count(20).mapAsync(async (x, i) => x + i, { concurrency: 3 })],
  ["take", () => count(20).take(7)],
  ["shuffle", () => count(40).shuffle({ buffer: 7, rng: new Rng(1) })],
  ["a large shuffle", () => count(30).shuffle({ buffer: 100, rng: new Rng(1) })],
  ["chain", () => chain([count(3), count(0), count(4, 100), count(2, 200)])],
  ["chain, shuffled", () => chain([count(3), count(0), count(4, 100), count(2, 200)], { shuffle: new Rng(2) })],
  ["interleave", () => interleave([count(3), count(6, 100), count(1, 200)], { block: 2 })],
  ["mix", () => mix([count(9), count(9, 100)], { weights: [1, 3], rng: new Rng(3) })],
  ["zip", () => zip(count(5), count(9, 100))],
  [
    "all together",
    () =>
      mix([chain([count(8), count(9, 50)], { shuffle: new Rng(4) }), count(12, 100).filter((x) => x % 2 === 0)], { rng: new Rng(5) })
        .shuffle({ buffer: 5, rng: new Rng(6) })
        .flatMap((x) => [x, -x])
        .mapAsync(async (x) => x * 2, { concurrency: 4 }),
  ],
];

describe.each(kinds)("%s", (_, make) => {
  test("a stream opened at any place of a pass goes on as the pass does, through JSON", async () => {
    const whole = await collect(make());
    for (let taken = 0; taken <= whole.length; taken++) {
      const cursor = make().open();
      for (let i = 0; i < taken; i++) expect(await cursor.next()).toEqual({ done: false, value: whole[i] });
      const state = JSON.parse(JSON.stringify(cursor.state()));
      await cursor.close();
      const resumed = make().open(state);
      expect(JSON.parse(JSON.stringify(resumed.state()))).toEqual(state);
      const rest: unknown[] = [];
      for (let step = await resumed.next(); !step.done; step = await resumed.next()) rest.push(step.value);
      expect(rest).toEqual(whole.slice(taken));
    }
  });
});

describe("streams", () => {
  test("shuffle gives every element once, and none earlier than the buffer allows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 20 }), fc.nat(), async (length, buffer, seed) => {
        const order = await collect(count(length).shuffle({ buffer, rng: new Rng(seed) }));
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
        for (const [place, element] of order.entries()) expect(element).toBeLessThan(place + buffer);
      }),
    );
    const rng = new Rng(1);
    const shuffled = count(50).shuffle({ buffer: 50, rng });
    expect(await collect(shuffled)).not.toEqual(await collect(shuffled));
  });

  test("interleave takes turns; mix keeps the shares; until first, a stream's end is the end", async () => {
    expect(await collect(interleave([count(3), count(2, 10)]))).toEqual([0, 10, 1, 11, 2]);
    const mixed = await collect(mix([count(10_000), count(10_000, 10_000)], { weights: [1, 4], rng: new Rng(1), until: "first" }));
    const second = mixed.filter((x) => x >= 10_000).length;
    expect(second).toBe(10_000);
    expect(second / mixed.length).toBeCloseTo(0.8, 1);
    expect(await collect(mix([count(2), count(2, 10)], { weights: [1, 0], rng: new Rng(1) }))).toEqual([0, 1]);
  });

  test("mapAsync runs several at once, keeps the order, and a failure comes in its turn", async () => {
    let running = 0;
    let most = 0;
    const slow = count(12).mapAsync(
      async (x) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, x % 3));
        running--;
        if (x === 8) throw new DataError("element 8 is damaged");
        return x;
      },
      { concurrency: 4 },
    );
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const x of slow) seen.push(x);
      })(),
    ).rejects.toThrow(/element 8/);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(4);
  });

  test("wrong options are refused", () => {
    expect(() => count(1).shuffle({ buffer: 0, rng: new Rng(1) })).toThrow(OptionError);
    expect(() => count(1).take(-1)).toThrow(OptionError);
    expect(() => count(1).mapAsync(async (x) => x, { concurrency: 0.5 })).toThrow(OptionError);
    expect(() => interleave([count(1)], { block: 0 })).toThrow(OptionError);
    expect(() => mix([count(1)], { weights: [1, 2], rng: new Rng(1) })).toThrow(OptionError);
  });
});

/** Numbers, of which some are damaged where they are read. */
const withDamage = (length: number, isDamaged: (x: number) => boolean): DataStream<number> =>
  sequenceStream(length, (x) => {
    if (isDamaged(x)) throw new DataError(`element ${x} is damaged`);
    return x;
  });
const isThird = (x: number): boolean => x % 3 === 1;

/** What a cursor gives when its user goes on behind every error. */
async function collectPastErrors(cursor: StreamCursor<unknown>, most = Infinity): Promise<unknown[]> {
  const all: unknown[] = [];
  while (all.length < most) {
    try {
      const step = await cursor.next();
      if (step.done) break;
      all.push(step.value);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      all.push("damaged");
    }
  }
  return all;
}

describe("damaged elements", () => {
  const damagedKinds: readonly [string, () => DataStream<unknown>][] = [
    ["sequence", () => withDamage(12, isThird)],
    ["map of damaged ones", () => withDamage(12, isThird).map((x, i) => [x, i])],
    ["map that fails", () => count(12).map((x) => (isThird(x) ? fail(x) : x))],
    ["mapAsync of damaged ones", () => withDamage(12, isThird).mapAsync(async (x, i) => [x, i], { concurrency: 3 })],
    ["mapAsync that fails", () => count(12).mapAsync(async (x) => (isThird(x) ? fail(x) : x), { concurrency: 3 })],
    ["take", () => withDamage(12, isThird).take(6)],
    ["shuffle", () => withDamage(40, isThird).shuffle({ buffer: 6, rng: new Rng(2) })],
    ["chain", () => chain([withDamage(5, isThird), withDamage(4, isThird)])],
    ["interleave", () => interleave([withDamage(5, isThird), withDamage(4, isThird)], { block: 2 })],
    ["mix", () => mix([withDamage(5, isThird), withDamage(4, isThird)], { rng: new Rng(3) })],
    ["zip", () => zip(withDamage(5, isThird), count(5))],
  ];
  const fail = (x: number): never => {
    throw new DataError(`element ${x} is damaged`);
  };

  test.each(damagedKinds)("%s: the cursor is past it, and a stream opened there goes on the same", async (_, make) => {
    const whole = await collectPastErrors(make().open(), 100);
    expect(whole).toContain("damaged");
    expect(whole.length).toBeLessThan(100);
    for (let taken = 0; taken <= whole.length; taken++) {
      const cursor = make().open();
      await collectPastErrors(cursor, taken);
      const resumed = make().open(JSON.parse(JSON.stringify(cursor.state())));
      expect(await collectPastErrors(resumed, 100)).toEqual(whole.slice(taken));
    }
  });

  test("they count among the numbers, the first so many, and the turns; zip ends at one, for its pairs would be others", async () => {
    expect(
      await collectPastErrors(
        withDamage(6, isThird)
          .map((x, i) => [x, i])
          .open(),
      ),
    ).toEqual([[0, 0], "damaged", [2, 2], [3, 3], "damaged", [5, 5]]);
    expect(await collectPastErrors(withDamage(6, isThird).take(3).open())).toEqual([0, "damaged", 2]);
    expect(await collectPastErrors(interleave([withDamage(3, isThird), count(3, 10)]).open())).toEqual([0, 10, "damaged", 11, 2, 12]);
    expect(await collectPastErrors(zip(withDamage(3, isThird), count(3, 10)).open())).toEqual([[0, 10], "damaged"]);
  });

  test("onDamaged of map, flatMap and mapAsync leaves them out and says which; other errors are not its own", async () => {
    const told: number[] = [];
    const onDamaged = (error: DataError, index: number): void => {
      expect(error.message).toBe(`element ${index} is damaged`);
      told.push(index);
    };
    const change = (x: number): number => (isThird(x) ? fail(x) : x);
    const left = [0, 2, 3, 5, 6];
    expect(await collect(count(7).map(change, { onDamaged }))).toEqual(left);
    expect(await collect(count(7).flatMap((x) => [change(x)], { onDamaged }))).toEqual(left);
    expect(await collect(count(7).mapAsync(async (x) => change(x), { onDamaged, concurrency: 3 }))).toEqual(left);
    expect(told).toEqual([1, 4, 1, 4, 1, 4]);
    await expect(collect(withDamage(3, isThird).map(change, { onDamaged }))).rejects.toThrow(DataError);
    const bug = (): never => {
      throw new TypeError("a bug");
    };
    await expect(collect(count(3).map(bug, { onDamaged }))).rejects.toThrow(TypeError);
    await expect(collect(count(3).mapAsync(async () => bug(), { onDamaged }))).rejects.toThrow(TypeError);
  });
});

test("a shuffled pass that is resumed again and again gives what it would have given, however long an element stays in the buffer", async () => {
  const make = (): DataStream<number> => count(400).shuffle({ buffer: 7, rng: new Rng(4) });
  const whole = await collect(make());
  let state: StreamState | undefined;
  let middle: StreamState | undefined;
  const got: number[] = [];
  for (let taken = 0; taken < 400; taken += 9) {
    const cursor = make().open(state);
    for (let i = 0; i < 9 && got.length < 400; i++) got.push((await cursor.next()).value!);
    state = JSON.parse(JSON.stringify(cursor.state()));
    if (taken < 200) middle = state;
  }
  expect(got).toEqual(whole);
  await expect(
    count(5)
      .shuffle({ buffer: 7, rng: new Rng(4) })
      .open(middle)
      .next(),
  ).rejects.toThrow(/Resume with the data of the interrupted run/);
});

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
    await expect(collect(batches(hopeless, { batchSize: 2, onDamaged: () => {} }))).rejects.toThrow(/at least one example .* batch of 2/);
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
