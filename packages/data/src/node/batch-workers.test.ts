import { DataError, OptionError, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { batches } from "../batches.ts";
import { weightedOrder } from "../orders/weighted-order.ts";
import { openBatchWorkers } from "./batch-workers.ts";
import { type FixtureInput, type Numbered, numberedImages, transform } from "./pipeline-fixture.ts";

const module = new URL("./pipeline-fixture.ts", import.meta.url);
// Vitest resolves packages to their sources in its own way, which threads do not inherit.
const execArgv = ["--conditions=@dl/source"];
const open = (input: FixtureInput, workers: number) => openBatchWorkers<Numbered>(module, { workers, input, execArgv });
const streams = () => ({ shuffle: new Rng(1).fork("order"), rng: new Rng(2).fork("augment") });

async function collect<T>(pass: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of pass) all.push(batch);
  return all;
}

test("any number of workers gives the batches that one thread gives, pass after pass", async () => {
  const expected = [...batches(numberedImages(50), { batchSize: 8, transform, ...streams() })];
  for (const count of [1, 3]) {
    await using workers = await open({ length: 50 }, count);
    expect(workers.length).toBe(50);
    expect(await collect(workers.batches({ batchSize: 8, ...streams() }))).toEqual(expected);
    expect(await collect(workers.batches({ batchSize: 8, ...streams(), prefetch: 1 }))).toEqual(expected);
    const { shuffle, rng } = streams();
    await collect(workers.batches({ batchSize: 8, shuffle, rng }));
    const second = await collect(workers.batches({ batchSize: 8, shuffle, rng }));
    expect(second).not.toEqual(expected);
  }
});

test("an example that comes again is changed anew in workers as in one thread", async () => {
  const options = () => ({ batchSize: 8, order: weightedOrder([1, 1, 1], { draws: 40 }), ...streams() });
  await using workers = await open({ length: 3 }, 2);
  const expected = [...batches(numberedImages(3), { transform, ...options() })];
  const pass = workers.batches(options());
  for (const batch of expected.slice(0, 3)) expect((await pass.next()).value).toEqual(batch);
  // A place beyond the batches that the dataset has in its own order, which is all that the workers know.
  const { batchSize, order } = options();
  expect(await collect(workers.batches({ batchSize, order, resume: pass.state }))).toEqual(expected.slice(3));
});

test("the state counts what was given, not what was made ahead, and resumes in workers or in one thread", async () => {
  await using workers = await open({ length: 50 }, 2);
  const pass = workers.batches({ batchSize: 8, ...streams(), prefetch: 6 });
  for await (const _ of pass) if (pass.state.position === 3) break;
  const state = JSON.parse(JSON.stringify(pass.state));
  expect(state.position).toBe(3);
  const rest = [...batches(numberedImages(50), { batchSize: 8, transform, resume: state })];
  expect(rest.length).toBe(4);
  expect(await collect(workers.batches({ batchSize: 8, resume: state }))).toEqual(rest);
  expect(await collect(pass)).toEqual(rest);
});

test("an example that cannot be read fails the batch it is in, and says why", async () => {
  await using workers = await open({ length: 20, fault: "read" }, 2);
  const pass = workers.batches({ batchSize: 4, rng: new Rng(1) });
  expect((await pass.next()).done).toBe(false);
  // A plain error is a fault of the pipeline: it comes with the place in the worker.
  await expect(pass.next()).rejects.toThrow(/Error: example 5 is damaged\n +at .*pipeline-fixture/);
});

test("a worker that dies is an error, not a hang", async () => {
  await using workers = await open({ length: 20, fault: "exit" }, 2);
  const pass = workers.batches({ batchSize: 4, rng: new Rng(1) });
  await expect(collect(pass)).rejects.toThrow(/exit code 3/);
  await expect(collect(workers.batches({ batchSize: 4, rng: new Rng(1) }))).rejects.toThrow(DataError);
});

test("a pipeline that fails to open, a module without one, and wrong options say so", async () => {
  await expect(open({ length: 1, fault: "open" }, 1)).rejects.toThrow(/no such data/);
  const without = new URL("../dataset.ts", import.meta.url);
  await expect(openBatchWorkers(without, { execArgv })).rejects.toThrow(/to export a function pipeline\(input\), got undefined/);
  await expect(open({ length: 1 }, 0)).rejects.toThrow(OptionError);
  await using workers = await open({ length: 4 }, 1);
  expect(() => workers.batches({ batchSize: 0 })).toThrow(OptionError);
  expect(() => workers.batches({ batchSize: 1, prefetch: 0 })).toThrow(OptionError);
  await expect(workers.batches({ batchSize: 4 }).next()).rejects.toThrow(/expected an rng for a random transform/);
});
