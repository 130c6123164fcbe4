/** TensorFlow beside other devices, over many steps, in a worker, and what it says where it cannot start. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import {
  add,
  attention,
  type BackendDevice,
  Cell,
  Device,
  gather,
  grad,
  max,
  OptionError,
  ones,
  openDevice,
  pow,
  Rng,
  type Scalar,
  scatterAdd,
  scatterAlong,
  sizeOf,
  takeAlong,
  tensor,
  UnsupportedError,
  zeros,
} from "@dl/core";
import { describe, expect, test } from "vitest";
import { whereItStarts } from "../startable-fixture.ts";
import { currentAddon } from "./addon.ts";
import { cuda, tensorflow } from "./tensorflow.ts";
import { SmallTraining } from "./training-fixture.ts";

const run = promisify(execFile);
const flags = ["--conditions=@dl/source", "--import", "tsx"];
const here = new URL("./index.ts", import.meta.url).href;

/** Runs a program in a Node of its own, and resolves with what it printed. */
async function program(source: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const code = `import { cuda, tensorflow } from ${JSON.stringify(here)};\n${source}`;
  const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "-e", code], {
    timeout: 25_000,
    env: { ...process.env, ...environment },
  });
  return stdout.trim();
}

/** The message with which `source` ends. */
const refusal = (source: string, environment: Readonly<Record<string, string>> = {}): Promise<string> =>
  program(
    `try { await ${source}; console.log("it opened"); } catch (error) { console.log(error.name + ": " + error.message); }`,
    environment,
  );

describe("where it cannot start", () => {
  test("an addon that is not there is named", async () => {
    expect(await refusal('tensorflow({ addon: "/nowhere/tfjs_binding.node" }).open()')).toMatch(
      /^UnsupportedError: tensorflow: expected \/nowhere\/tfjs_binding\.node to load, got .*Cannot find module/,
    );
  });

  test("a GPU is a whole number", () => {
    expect(() => cuda({ gpu: -1 })).toThrow(OptionError);
    expect(() => cuda({ gpu: 0.5 })).toThrow(/the number of a GPU, 0 or more, got 0\.5/);
  });

  const gpus = process.platform === "linux" && readdirSync("/dev").some((name) => name.startsWith("nvidia") || name === "dxg");
  test.runIf(!gpus)("without a GPU cuda() says what was found, and openDevice goes on", async () => {
    expect(await refusal("cuda().open()")).toMatch(/^UnsupportedError: cuda: expected an NVIDIA GPU, got none: \/dev has no nvidia device/);
    await using device = await openDevice(cuda(), wasm({ threads: 1 }), cpu());
    expect(device.name).toMatch(/^wasm/);
    expect(device.skipped).toMatchObject([{ backend: "cuda", reason: expect.stringContaining("no nvidia device") }]);
  });
});

await whereItStarts(tensorflow(), () => {
  /** Losses within 10⁻⁴ of each other, step by step. */
  const agree = (found: readonly number[], expected: readonly number[]): void => {
    expect(found).toHaveLength(expected.length);
    for (const [step, loss] of found.entries()) expect(Math.abs(loss - expected[step]!), `step ${step}`).toBeLessThan(1e-4);
  };

  test("the name says which TensorFlow, and where it computes", async () => {
    const device = await tensorflow().open();
    expect(device.name).toBe(`tensorflow (TensorFlow ${device.version}, ${device.gpu ? "GPU" : "CPU"})`);
    expect(device.version).toMatch(/^\d+\.\d+\.\d+/);
    await device.close();
    expect(() => device.upload(Float32Array.of(1), "float32")).toThrow(/expected an open device/);
    await device.close();
  });

  test("cuda() after tensorflow(), in one process, does not take the CPU for a GPU", async () => {
    const device = await tensorflow().open();
    if (!device.gpu) await expect(cuda().open()).rejects.toThrow(UnsupportedError);
    await expect(tensorflow({ addon: "/elsewhere/tfjs_binding.node" }).open()).rejects.toThrow(/one addon in a process, got \/elsewhere/);
    await device.close();
  });

  test("equal seeds give the losses of wasm and cpu, within 10⁻⁴ over 20 steps", async () => {
    const losses: number[][] = [];
    for (const backend of [wasm({ threads: 1 }), tensorflow(), cpu()]) {
      await using device = await openDevice(backend);
      using training = new SmallTraining();
      losses.push(await training.steps(device, 20));
    }
    const [reference, ...others] = losses as [number[], ...number[][]];
    expect(reference.at(-1)).toBeLessThan(0.5 * reference[0]!);
    for (const found of others) agree(found, reference);
  });

  test("devices of two kinds work in one process, and a model moves between them in the middle of training", async () => {
    await using first = await openDevice(wasm({ threads: 1 }));
    await using second = await openDevice(tensorflow());
    using stayed = new SmallTraining();
    using moved = new SmallTraining();
    const expected = await stayed.steps(first, 9);
    const found = [...(await moved.steps(first, 3)), ...(await moved.steps(second, 3)), ...(await moved.steps(first, 3))];
    agree(found, expected);
  });

  test("1,000 steps leave no buffer and no tensor behind", async () => {
    const backend = await tensorflow().open();
    const device = new Device(backend);
    using training = new SmallTraining({ batch: 2 });
    await training.steps(device, 20);
    const { addon } = currentAddon()!;
    const before = { memory: backend.memory(), tensors: addon.getNumOfTensors() };
    await training.steps(device, 1000);
    expect(backend.memory()).toEqual(before.memory);
    // The bias corrections of Adam change every step: as many of them are kept as constants as there may be, and no more.
    expect(addon.getNumOfTensors() - before.tensors).toBeLessThan(20);
    await device[Symbol.asyncDispose]();
  }, 180_000);

  test("a device that closes takes every tensor with it", async () => {
    const { addon } = currentAddon()!;
    const before = addon.getNumOfTensors();
    const backend = await tensorflow().open();
    const device = new Device(backend);
    using training = new SmallTraining();
    await training.steps(device, 3);
    backend.upload(new Float32Array(100), "float32");
    expect(addon.getNumOfTensors()).toBeGreaterThan(before);
    await device[Symbol.asyncDispose]();
    expect(addon.getNumOfTensors()).toBe(before);
  });

  test("a device in a worker computes while another computes here", async () => {
    // A Node of its own: workers of the test runner do not read TypeScript.
    const output = await program(`
      import { Worker } from "node:worker_threads";
      import { openDevice } from ${JSON.stringify(import.meta.resolve("@dl/core"))};
      import { SmallTraining } from ${JSON.stringify(new URL("./training-fixture.ts", import.meta.url).href)};
      // Threads do not inherit the loader that reads TypeScript.
      const entry = ${JSON.stringify(new URL("./worker-fixture.ts", import.meta.url).href)};
      const worker = new Worker('import("tsx/esm/api").then(({ register }) => register()).then(() => import("' + entry + '"))', { eval: true, workerData: 20 });
      const posted = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      const device = await openDevice(tensorflow());
      const losses = await new SmallTraining().steps(device, 20);
      console.log(JSON.stringify({ here: losses, there: await posted, code: await ended }));`);
    const { here: own, there, code } = JSON.parse(output) as Record<"here" | "there", number[]> & { code: number };
    expect(code).toBe(0);
    expect(own).toHaveLength(20);
    agree(there, own);
  });

  test("large images with NaN keep it through pooling, and a closed unit keeps it back", async () => {
    const shape = [4, 64, 64, 4];
    const values = new Rng(3).normal(shape).data;
    const spoiled = Float32Array.from(values, (value, i) => (i % 997 === 5 ? NaN : value));
    const window = { kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2, dilationHeight: 1, dilationWidth: 1 };
    const geometry = { batch: 4, height: 64, width: 64, channels: 4, ...window, padTop: 0, padLeft: 0, outHeight: 32, outWidth: 32 };
    const results: unknown[] = [];
    for (const backend of [cpu(), tensorflow()]) {
      const device: BackendDevice = await backend.open();
      const [x, y] = [spoiled, values].map((data) => ({ buffer: device.upload(data, "float32"), shape, dtype: "float32" }) as const);
      const pooled = device.kernels.maxPool(x!, geometry);
      const gradient = device.kernels.binary("reluGradient", x!, y!, shape);
      const read = (buffer: unknown, length: number): unknown => device.readSync!(buffer, "float32", length);
      results.push([read(pooled.values, values.length / 4), read(gradient, values.length)]);
      await device.close();
    }
    expect(results[1]).toEqual(results[0]);
    expect((results[0] as Float32Array[]).map((data) => data.filter(Number.isNaN).length > 0)).toEqual([true, true]);
  });

  test("attention where some rows may look nowhere, and where the weights are too many to be kept, is that of wasm", async () => {
    for (const [time, keyTime, size] of [
      [5, 3, 4],
      [2100, 2100, 4],
    ] as const) {
      const found: number[][] = [];
      for (const backend of [wasm({ threads: 1 }), tensorflow()]) {
        await using device = await openDevice(backend);
        const rng = new Rng(9);
        const [q, k, v] = [
          [1, 2, time, size],
          [1, 2, keyTime, size],
          [1, 2, keyTime, size],
        ].map((shape) => rng.normal(shape));
        const result = await device.compute(() => {
          const [query, key, value] = [tensor(q!), tensor(k!), tensor(v!)];
          const work = (): Scalar => attention(query, { key, value }, { causal: true }).square().sum();
          return { value: work(), grads: grad(work, [query, key, value]) };
        });
        found.push([result.value, ...result.grads.flatMap(({ data }) => [...data])]);
      }
      const [expected, actual] = found as [number[], number[]];
      expect(actual.every(Number.isFinite)).toBe(true);
      // Sums of up to 2,100 products of numbers of size one.
      const worst = Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!) / (1 + Math.abs(expected[i]!))));
      expect(worst, `time ${time}`).toBeLessThan(1e-3);
    }
  });

  test("an update in place leaves what was read before as it was", async () => {
    const device: BackendDevice = await tensorflow().open();
    const step = { learningRate: 0.5, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: false };
    const operand = (values: number[]): { buffer: unknown; shape: number[]; dtype: "float32" } => ({
      buffer: device.upload(Float32Array.from(values), "float32"),
      shape: [values.length],
      dtype: "float32",
    });
    const [parameter, gradient] = [operand([1, 2, 3]), operand([2, 2, 2])];
    const copy = device.kernels.broadcast(parameter, [3]);
    device.fused.sgdUpdate!(parameter, gradient, undefined, step);
    const between = device.kernels.broadcast(parameter, [3]);
    device.fused.sgdUpdate!(parameter, gradient, undefined, step);
    expect(device.readSync!(copy, "float32", 3)).toEqual(Float32Array.of(1, 2, 3));
    expect(device.readSync!(between, "float32", 3)).toEqual(Float32Array.of(0, 1, 2));
    expect(device.readSync!(parameter.buffer, "float32", 3)).toEqual(Float32Array.of(-1, 0, 1));
    await device.close();
  });

  test("sums over rows of nothing have the shape asked for: what follows takes them", async () => {
    await using device = await openDevice(tensorflow());
    const totals = await device.compute(() => [tensor([[], [], []]).sum().add(1), zeros([3, 0]).sum(1), max(zeros([3, 0])).mul(-1)]);
    expect(totals).toMatchObject([1, { shape: [3], data: Float32Array.of(0, 0, 0) }, Infinity]);
  });

  test("whole numbers to negative powers are what they are elsewhere", async () => {
    const work = (): unknown => {
      const bases = tensor([[-2], [-1], [0], [1], [2]], { dtype: "int32" });
      return pow(bases, tensor([-3, -2, 0, 2, 3], { dtype: "int32" }));
    };
    await using device = await openDevice(tensorflow());
    await using oracle = await openDevice(cpu());
    expect(await device.compute(work)).toEqual(await oracle.compute(work));
  });

  test("an index out of range is refused or adds nothing; it never means another row", async () => {
    await using device = await openDevice(tensorflow());
    const index = (shape: number[]) => tensor({ shape, dtype: "int32", data: new Int32Array(sizeOf(shape)).fill(3) });
    for (const work of [
      () => gather(ones([2, 3, 2]), index([1]), { axis: 1 }),
      () => takeAlong(ones([2, 3]), index([2, 1]), { axis: 1 }),
      () => takeAlong(ones([2, 3, 2]), index([2, 1, 2]), { axis: 1 }),
    ]) {
      await expect(device.compute(work)).rejects.toThrow(/GatherV2: expected TensorFlow to take it, got: .* is not in \[0, /);
    }
    const added = await device.compute(() => [
      scatterAdd(index([1]), ones([2, 1, 2]), { axis: 1, shape: [2, 3, 2] }),
      scatterAlong(index([2, 1, 2]), ones([2, 1, 2]), { axis: 1, length: 3 }),
    ]);
    for (const { data } of added) expect([...data]).toEqual(new Array(12).fill(0));
    expect(device.memory().buffers).toBe(0);
  });

  test("what TensorFlow refuses is an error that names the operation, and the device goes on", async () => {
    await using device = await openDevice(tensorflow());
    using divisor = new Cell({ shape: [2], dtype: "int32", data: Int32Array.of(1, 0) });
    await expect(device.compute(() => tensor(Int32Array.of(4, 4)).div(divisor.value))).rejects.toThrow(
      /tensorflow: TruncateDiv: .*integer div/,
    );
    expect(await device.compute(() => add(tensor([1]), 2).sum())).toBe(3);
  });
});
