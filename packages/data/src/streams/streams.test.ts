import { DataError, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DataStream, StreamCursor, StreamState } from "./data-stream.ts";
import { chain, interleave, mix, zip } from "./mix.ts";
import { collect, count, withDamage } from "./stream-fixture.ts";

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
  ["skip", () => count(20).skip(7)],
  ["shard", () => count(20).shard({ count: 3, index: 1 })],
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

  test("what take leaves, skip gives; shards give all, each element once, damaged ones in the shard of their number", async () => {
    const damaged = (): DataStream<number> => withDamage(11, isThird);
    const whole = await collectPastErrors(damaged().open());
    const parts = await Promise.all([damaged().take(5), damaged().skip(5)].map((part) => collectPastErrors(part.open())));
    expect(parts.flat()).toEqual(whole);
    expect(await collect(count(3).skip(5))).toEqual([]);
    const shards = [0, 1, 2].map((index) => collectPastErrors(damaged().shard({ count: 3, index }).open()));
    expect(await Promise.all(shards)).toEqual([[0, 3, 6, 9], Array(4).fill("damaged"), [2, 5, 8]]);
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
    expect(() => count(1).skip(0.5)).toThrow(OptionError);
    for (const shard of [
      { count: 0, index: 0 },
      { count: 2, index: 2 },
      { count: 2, index: -1 },
    ]) {
      expect(() => count(1).shard(shard)).toThrow(OptionError);
    }
    expect(() => count(1).mapAsync(async (x) => x, { concurrency: 0.5 })).toThrow(OptionError);
    expect(() => interleave([count(1)], { block: 0 })).toThrow(OptionError);
    expect(() => mix([count(1)], { weights: [1, 2], rng: new Rng(1) })).toThrow(OptionError);
  });
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
    ["skip", () => withDamage(12, isThird).skip(6)],
    ["shard", () => withDamage(12, isThird).shard({ count: 2, index: 1 })],
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
