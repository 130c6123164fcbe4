import { DataError, type HostTensor, hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { padFields } from "../collate/pad-fields.ts";
import type { Example } from "../dataset.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import type { Transform } from "../transforms/transform.ts";
import { type DataStream, sequenceStream, streamOf } from "./data-stream.ts";
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

  test("examples of different lengths are padded by collate", async () => {
    const ragged = count(3).map((x): Example<"ids"> => ({ ids: hostTensor(new Int32Array(x + 1).fill(x), [x + 1]) }));
    const [batch] = await collect(batches(ragged, { batchSize: 3, collate: padFields({ ids: -1 }) }));
    const { shape, data }: HostTensor = batch!.ids;
    expect(shape).toEqual([3, 3]);
    expect(Array.from(data)).toEqual([0, -1, -1, 1, 1, -1, 2, 2, 2]);
    await expect(collect(batches(ragged, { batchSize: 3 }))).rejects.toThrow(DataError);
  });
});
