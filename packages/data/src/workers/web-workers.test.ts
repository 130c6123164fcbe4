import { MessageChannel, type MessagePort } from "node:worker_threads";
import { DataError, hostTensor, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import type { Dataset, Example } from "../dataset.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { sequenceStream } from "../streams/data-stream.ts";
import type { Transform } from "../transforms/transform.ts";
import type { PipelineFactory } from "./protocol.ts";
import { openWebBatchWorkers, serveBatches, type WebWorker } from "./web-workers.ts";

const numbers = arrayDataset({
  x: hostTensor(
    Float32Array.from({ length: 20 }, (_, i) => i),
    [20],
  ),
});

/** A worker of the browser's form over a channel of Node's: messages are cloned and transferred as there. */
function webWorker(pipeline: PipelineFactory, ports: MessagePort[]): WebWorker {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  serveBatches(
    {
      postMessage: (message, transfer) => port2.postMessage(message, transfer),
      addEventListener: (_, listener) => port2.on("message", (data) => listener({ data })),
    },
    pipeline,
  );
  return {
    postMessage: (message, transfer) => port1.postMessage(message, transfer),
    addEventListener: (type, listener) => {
      if (type === "message") port1.on("message", (data) => listener({ data }));
    },
    terminate: () => port1.close(),
  };
}

test("web workers give the batches of one thread, and hand over what cannot be read", async () => {
  const damaged: Dataset<Example<"x">> = {
    length: 20,
    get: (i) => {
      if (i === 7) throw new DataError("example 7 is damaged");
      return numbers.get(i);
    },
  };
  const ports: MessagePort[] = [];
  await using workers = await openWebBatchWorkers(() => webWorker((input) => ({ dataset: input === "bad" ? damaged : numbers }), ports), {
    workers: 3,
    input: "bad",
  });
  const reported: [string, number][] = [];
  const onDamaged = (error: DataError, index: number): unknown => reported.push([error.message, index]);
  const pass = workers.batches({ batchSize: 6, shuffle: new Rng(1), onDamaged });
  const got: Example[] = [];
  for await (const batch of pass) got.push(batch);
  expect(reported).toEqual([["example 7 is damaged", 7]]);
  expect(got).toEqual([...batches(damaged, { batchSize: 6, shuffle: new Rng(1), onDamaged: () => {} })]);
  await expect(workers.batches({ batchSize: 20 }).next()).rejects.toThrow(/example 7 is damaged/);
  for (const port of ports) port.close();
});

test("batches that are damaged altogether are passed over in workers as in one thread, of datasets and of streams", async () => {
  const isDamaged = (x: number): boolean => [0, 1, 4, 5, 9].includes(x);
  const guarded = (x: number): void => {
    if (isDamaged(x)) throw new DataError(`example ${x} is damaged`);
  };
  const damaged: Dataset<Example<"x">> = {
    length: 10,
    get: (i) => {
      guarded(i);
      return numbers.get(i);
    },
  };
  const change = (x: number): Example<"x"> => {
    guarded(x);
    return numbers.get(x);
  };
  // Some are damaged where they are read, some where they are changed.
  const source = sequenceStream(10, (x) => {
    if (x < 3) guarded(x);
    return x;
  });
  const ports: MessagePort[] = [];
  await using reading = await openWebBatchWorkers<Example<"x">>(() => webWorker(() => ({ dataset: damaged }), ports), { workers: 2 });
  await using changing = await openWebBatchWorkers<Example<"x">>(() => webWorker(() => ({ change }), ports), { workers: 2 });
  for (const batchSize of [1, 2, 3]) {
    const known: number[] = [];
    const alone = batches(damaged, { batchSize, onDamaged: (_, index) => known.push(index) });
    const expected: { batch: Example; position: number }[] = [];
    for (const batch of alone) expected.push({ batch, position: alone.state.position });
    for (const over of ["dataset", "stream"] as const) {
      for (const prefetch of [1, 5]) {
        const told: number[] = [];
        const options = { batchSize, prefetch, onDamaged: (_: DataError, index: number) => told.push(index) };
        const pass = over === "dataset" ? reading.batches(options) : changing.batches(source, options);
        const got: typeof expected = [];
        for await (const batch of pass) got.push({ batch, position: pass.state.position });
        expect(got).toEqual(expected);
        expect(told).toEqual(known);
        expect(pass.state.position).toBe(alone.state.position);
      }
    }
  }
  const all = { length: 3, get: () => damaged.get(0) };
  await using hopeless = await openWebBatchWorkers<Example<"x">>(() => webWorker(() => ({ dataset: all }), ports), { workers: 2 });
  await expect(hopeless.batches({ batchSize: 1, onDamaged: () => {} }).next()).rejects.toThrow(/whole dataset, got none: all are damaged/);
  const none = sequenceStream(3, () => 4);
  await expect(changing.batches(none, { batchSize: 1, onDamaged: () => {} }).next()).rejects.toThrow(/whole stream, got none/);
  for (const port of ports) port.close();
});

test("after a batch that failed the pass goes on as one in a single thread does: the same batch, and then those after it", async () => {
  let isDamaged = true;
  const healing: Dataset<Example<"x">> = {
    length: 20,
    get: (i) => {
      if (i === 5 && isDamaged) throw new DataError("example 5 is damaged");
      return numbers.get(i);
    },
  };
  const ports: MessagePort[] = [];
  await using workers = await openWebBatchWorkers(() => webWorker(() => ({ dataset: healing }), ports), { workers: 2 });
  const pass = workers.batches({ batchSize: 2, prefetch: 3 });
  const alone = batches(healing, { batchSize: 2 });
  for (let taken = 0; taken < 2; taken++) expect(await pass.next()).toEqual(alone.next());
  for (let again = 0; again < 2; again++) {
    expect(() => alone.next()).toThrow(/example 5 is damaged/);
    await expect(pass.next()).rejects.toThrow(/example 5 is damaged/);
    expect(pass.state).toEqual(alone.state);
  }
  isDamaged = false;
  // Called at once, calls still take turns.
  const rest = await Promise.all(Array.from({ length: 9 }, () => pass.next()));
  expect(rest).toEqual(Array.from({ length: 9 }, () => alone.next()));
  expect(pass.state.position).toBe(10);
  for (const port of ports) port.close();
});

describe("a stream whose elements are changed in workers", () => {
  const change = async (x: number, index: number): Promise<Example<"x">> => {
    if (x % 7 === 5) throw new DataError(`element ${x} is damaged`);
    return { x: hostTensor(Float32Array.of(10 * x + index), []) };
  };
  const jitter: Transform<Example<"x">> = ({ x }, { rng }) => {
    for (let row = 0; row < x.data.length; row++) x.data[row]! += rng(row).float();
  };
  // One element is damaged where it is read: in this thread.
  const source = sequenceStream(40, (x) => {
    if (x === 11) throw new DataError("element 11 is damaged");
    return x;
  });
  const streams = () => ({ shuffle: new Rng(1), rng: new Rng(2) });
  const plan = { batchSize: 6, shuffleBuffer: 9 };
  const open = (ports: MessagePort[], workers: number) =>
    openWebBatchWorkers<Example<"x">>(() => webWorker(() => ({ change, transform: jitter }), ports), { workers });

  test("any number of workers gives the batches of one thread, damaged elements told of in their order; resumed exactly", async () => {
    const known: string[] = [];
    const note =
      (list: string[]) =>
      ({ message }: DataError, index: number): unknown =>
        list.push(`${index}: ${message}`);
    const here = batches(source.mapAsync(change), { ...plan, ...streams(), transform: jitter, onDamaged: note(known) });
    const expected: Example[] = [];
    for await (const batch of here) expected.push(batch);
    expect(known.toSorted()).toEqual(
      ["11: element 11 is damaged", "12: ", "19: ", "26: ", "33: ", "5: "].map((text) => expect.stringContaining(text)),
    );
    for (const count of [1, 3]) {
      const ports: MessagePort[] = [];
      await using workers = await open(ports, count);
      expect(workers.length).toBe(0);
      const told: string[] = [];
      const pass = workers.batches(source, { ...plan, ...streams(), onDamaged: note(told) });
      const got: Example[] = [];
      for (let i = 0; i < 3; i++) got.push((await pass.next()).value!);
      const state = JSON.parse(JSON.stringify(pass.state));
      for await (const batch of pass) got.push(batch);
      expect(got).toEqual(expected);
      expect(told).toEqual(known);
      const rest: Example[] = [];
      for await (const batch of workers.batches(source, { ...plan, resume: state, onDamaged: () => {} })) rest.push(batch);
      expect(rest).toEqual(expected.slice(3));
      for (const port of ports) port.close();
    }
  });

  test("what the workers cannot do is said: no dataset, no change, elements that cannot be sent", async () => {
    const ports: MessagePort[] = [];
    await using changing = await open(ports, 1);
    expect(() => changing.batches({ batchSize: 2 })).toThrow(/expected a stream first/);
    await using reading = await openWebBatchWorkers(() => webWorker(() => ({ dataset: numbers }), ports), { workers: 1 });
    expect(() => reading.batches(source, { batchSize: 2 })).toThrow(/whose pipeline has a function change/);
    const unsendable = sequenceStream(4, () => () => 1);
    await expect(changing.batches(unsendable, { batchSize: 2 }).next()).rejects.toThrow(/elements that can be sent to a thread/);
    await expect(
      changing
        .batches(
          sequenceStream(4, () => 5),
          { batchSize: 2 },
        )
        .next(),
    ).rejects.toThrow(/element 5 is damaged/);
    const neither = openWebBatchWorkers(() => webWorker((() => ({})) as never, ports), { workers: 1 });
    await expect(neither).rejects.toThrow(/to give a dataset or a function change, got neither/);
    for (const port of ports) port.close();
  });
});

test("a pipeline that fails is an error, and closing rejects what is still owed", async () => {
  const ports: MessagePort[] = [];
  const failing = openWebBatchWorkers(() =>
    webWorker(() => {
      throw new Error("no such data");
    }, ports),
  );
  await expect(failing).rejects.toThrow(/no such data/);
  const workers = await openWebBatchWorkers(() => webWorker(() => ({ dataset: numbers }), ports), { workers: 1 });
  const owed = workers.batches({ batchSize: 1 }).next();
  const settled = expect(owed).rejects.toThrow(/got close\(\)/);
  await workers.close();
  await settled;
  for (const port of ports) port.close();
});
