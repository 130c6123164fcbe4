import { DataError } from "@dl/core";
import type { TrialTask } from "@dl/nas";
import { expect, test } from "vitest";
import { type Pool, WorkerPools } from "./worker-pools.ts";

const task = {} as TrialTask<unknown>;

/** Pools that say when they open and close; a trial ends when `end` is called. */
function recorded() {
  const said: string[] = [];
  const ends: (() => void)[] = [];
  let isWell = true;
  const pools = new WorkerPools(async (about): Promise<Pool> => {
    said.push(`open ${about}`);
    if (!isWell) throw new DataError("no data here");
    return {
      evaluate: () => new Promise((resolve) => ends.push(() => resolve({ height: 1 }))),
      close: async () => void said.push(`close ${about}`),
    };
  });
  const started = (count: number) => expect.poll(() => ends.length, { timeout: 20_000 }).toBe(count);
  return { said, ends, pools, started, breakDown: () => (isWell = false), mend: () => (isWell = true) };
}

test("a search has one pool for all its trials; those that have been idle longest are ended when others come", async () => {
  const { said, ends, pools, started } = recorded();
  const run = async (about: string): Promise<void> => {
    const before = ends.length;
    const end = pools.evaluateOf(about)(task);
    await started(before + 1);
    ends.at(-1)!();
    await end;
  };
  for (const about of ["a", "a", "b", "a"]) await run(about);
  expect(said).toEqual(["open a", "open b"]);
  await run("c");
  expect(said).toEqual(["open a", "open b", "open c", "close b"]);
  await pools[Symbol.asyncDispose]();
  expect(said.slice(4).sort()).toEqual(["close a", "close c"]);
});

test("none is ended while a trial runs in it", async () => {
  const { said, ends, pools, started } = recorded();
  const running = ["a", "b", "c"].map((about) => pools.evaluateOf(about)(task));
  await started(3);
  expect(said.filter((line) => line.startsWith("close"))).toEqual([]);
  for (const end of ends) end();
  expect(await Promise.all(running)).toEqual(Array(3).fill({ height: 1 }));
  await pools[Symbol.asyncDispose]();
});

test("what failed to open is told, and opened again for the next trial", async () => {
  const { said, ends, pools, started, breakDown, mend } = recorded();
  breakDown();
  await expect(pools.evaluateOf("a")(task)).rejects.toThrow("no data here");
  mend();
  const end = pools.evaluateOf("a")(task);
  await started(1);
  ends[0]!();
  expect(await end).toEqual({ height: 1 });
  expect(said).toEqual(["open a", "open a"]);
  await pools[Symbol.asyncDispose]();
});
