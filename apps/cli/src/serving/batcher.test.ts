import { expect, test } from "vitest";
import { Batcher, type BatcherOptions } from "./batcher.ts";

/** Doubles numbers, a batch at a time, when told to go on. */
function doubling(options: Partial<BatcherOptions<number, number>> = {}) {
  const sizes: number[] = [];
  const gates: (() => void)[] = [];
  const batcher = new Batcher<number, number>({
    run: async (inputs) => {
      sizes.push(inputs.length);
      await new Promise<void>((resolve) => gates.push(resolve));
      return inputs.map((input) => 2 * input);
    },
    ...{ maxBatch: 4, maxWait: 5, maxQueue: 6, timeout: 10_000 },
    ...options,
  });
  const open = async (): Promise<void> => {
    while (gates.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    gates.shift()!();
  };
  return { batcher, sizes, gates, open };
}

test("a full batch starts at once, what comes meanwhile is the next, and everyone gets the own answer", async () => {
  const { batcher, sizes, open } = doubling();
  const first = [1, 2, 3, 4].map((input) => batcher.submit(input));
  const second = [5, 6].map((input) => batcher.submit(input));
  await open();
  expect(await Promise.all(first)).toEqual([2, 4, 6, 8]);
  await open();
  expect(await Promise.all(second)).toEqual([10, 12]);
  expect(sizes).toEqual([4, 2]);
});

test("one that is alone waits for others no longer than maxWait", async () => {
  const { batcher, sizes, open } = doubling();
  const alone = batcher.submit(7);
  await open();
  expect(await alone).toBe(14);
  expect(sizes).toEqual([1]);
});

test("one too many is an Overload, and nobody else is worse off", async () => {
  const { batcher, sizes, open } = doubling();
  const taken = [1, 2, 3, 4, 5, 6].map((input) => batcher.submit(input));
  await expect(batcher.submit(7)).rejects.toThrow("6 requests wait already");
  for (let i = 0; i < 2; i++) await open();
  expect(await Promise.all(taken)).toEqual([2, 4, 6, 8, 10, 12]);
  expect(sizes).toEqual([4, 2]);
});

test("what waited too long is told so and is not computed", async () => {
  const { batcher, sizes, gates, open } = doubling({ timeout: 150, maxBatch: 1 });
  const first = batcher.submit(1);
  // Not before the first is at work: it must not be late itself.
  while (gates.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const late = batcher.submit(2);
  const caught = expect(late).rejects.toThrow("waited too long");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await open();
  expect(await first).toBe(2);
  await caught;
  expect(sizes).toEqual([1]);
  // A batch of none but late ones is over at once, and the next one runs.
  const next = batcher.submit(3);
  await open();
  expect(await next).toBe(6);
});

test("a batch that fails fails its requests, and the next one runs", async () => {
  let calls = 0;
  const batcher = new Batcher<number, number>({
    run: async (inputs) => {
      if (calls++ === 0) throw new Error("broken");
      return [...inputs];
    },
    ...{ maxBatch: 2, maxWait: 0, maxQueue: 4, timeout: 1000 },
  });
  await expect(Promise.all([batcher.submit(1), batcher.submit(2)])).rejects.toThrow("broken");
  expect(await batcher.submit(3)).toBe(3);
});

test("close answers what waits, and takes no more", async () => {
  const { batcher, open } = doubling();
  const taken = [1, 2, 3, 4, 5].map((input) => batcher.submit(input));
  const closed = batcher.close();
  await expect(batcher.submit(6)).rejects.toThrow("stopping");
  await open();
  await open();
  expect(await Promise.all(taken)).toEqual([2, 4, 6, 8, 10]);
  await closed;
});

test("limits that cannot be are refused", () => {
  expect(() => doubling({ maxBatch: 0 })).toThrow(/whole maxBatch ≥ 1, got 0/);
  expect(() => doubling({ timeout: 0 })).toThrow(/timeout > 0/);
});
