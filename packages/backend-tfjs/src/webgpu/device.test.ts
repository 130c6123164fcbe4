/** The device as a whole in Node: parity, memory, errors, loss, workers. */

import { Worker } from "node:worker_threads";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import {
  attention,
  type BackendDevice,
  broadcastTo,
  Cell,
  Device,
  DlError,
  gather,
  grad,
  hostTensor,
  OptionError,
  OutOfMemoryError,
  ones,
  openDevice,
  Rng,
  type Scalar,
  sgdUpdate,
  type Tensor,
  takeAlong,
  tensor,
  valueAndGrad,
} from "@dl/core";
import {
  AdamW,
  crossEntropy,
  Dropout,
  inference,
  Linear,
  moveToHost,
  readCheckpoint,
  Sequential,
  schedules,
  training,
  writeCheckpoint,
} from "@dl/nn";
import { describe, expect, test } from "vitest";
import { WebgpuDevice } from "./device.ts";
import { missing, requireGpu } from "./gpu-fixture.ts";
import { openRunner } from "./open-runner.ts";
import { trainSmall } from "./training-fixture.ts";
import { webgpu } from "./webgpu.ts";

requireGpu();

const defaults = { powerPreference: "high-performance", maxMemory: Number.POSITIVE_INFINITY, traits: {} } as const;
const x = <B>(device: BackendDevice<B>, shape: number[]) =>
  ({ buffer: device.kernels.fill(shape, "float32", 2), shape, dtype: "float32" }) as const;

test("options out of range are errors", () => {
  expect(() => webgpu({ maxMemory: 1000 })).toThrow(OptionError);
  expect(() => webgpu({ rows: "both" as "own" })).toThrow(/rows "auto", "shared" or "own", got both/);
});

describe.skipIf(missing !== undefined)("a device in Node", () => {
  test("a large buffer is read through one of its size, for there may be no larger one", async () => {
    const { runner, name } = await openRunner(defaults);
    const device = new WebgpuDevice(runner, name);
    const length = 300_000;
    const { buffer } = x(device, [length]);
    runner.flush();
    const sizes: number[] = [];
    const create = runner.gpu.createBuffer.bind(runner.gpu);
    runner.gpu.createBuffer = (descriptor) => {
      sizes.push(descriptor.size);
      return create(descriptor);
    };
    expect((await device.read(buffer, "float32", length))[length - 1]).toBe(2);
    expect(sizes).toEqual([Math.ceil((length * 4) / 256) * 256]);
    await device.close();
  });

  test("the first twenty losses are wasm's", async () => {
    const [here, there] = [
      await trainSmall(webgpu(), { steps: 20 }),
      await trainSmall(wasm({ threads: 1, relaxed: false }), { steps: 20 }),
    ];
    expect(here.device).toMatch(/^webgpu \(/);
    // Twenty steps of float32 whose sums have another order.
    here.losses.forEach((loss, i) => void expect(Math.abs(loss - there.losses[i]!)).toBeLessThan(1e-4));
    expect(here.losses[19]).toBeLessThan(here.losses[0]!);
  });

  test("rows shared by a workgroup are the rows one worker has", { timeout: 60_000 }, async () => {
    const shared = await trainSmall(webgpu({ rows: "shared" }), { steps: 5 });
    const own = await trainSmall(webgpu({ rows: "own" }), { steps: 5 });
    shared.losses.forEach((loss, i) => void expect(Math.abs(loss - own.losses[i]!)).toBeLessThan(1e-5));
  });

  test("a worker thread has a device of its own", { timeout: 60_000 }, async () => {
    const fixture = JSON.stringify(new URL("./worker-fixture.ts", import.meta.url).href);
    const code = `import("tsx/esm/api").then(({ register }) => { register(); return import(${fixture}); })`;
    const worker = new Worker(code, { eval: true, execArgv: ["--conditions=@dl/source"] });
    const answer = await new Promise<{ losses: number[]; error?: string }>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    expect(answer.error).toBeUndefined();
    const here = await trainSmall(webgpu(), { steps: 5 });
    expect(answer.losses).toEqual(here.losses);
  });

  test("two devices of different kinds take turns, and weights move from one to the other", async () => {
    await using gpu = await openDevice(webgpu());
    await using host = await openDevice(cpu());
    using total = new Cell(hostTensor(Float32Array.of(1, 2), [2]));
    await gpu.compute(() => total.set(total.value.mul(3)));
    await expect(host.compute(() => total.value.sum())).rejects.toThrow(/its value lives on webgpu .*total|its value lives on webgpu/);
    total.load(await total.read());
    expect(await host.compute(() => total.value.sum())).toBe(9);
    total.load(await total.read());
    expect(await gpu.compute(() => total.value.sum())).toBe(9);
  });

  test("a model moves with its optimizer in the middle of training, and goes on as if it had stayed", { timeout: 60_000 }, async () => {
    await using gpu = await openDevice(webgpu());
    await using host = await openDevice(wasm({ threads: 1, relaxed: false }));
    const points = new Rng(4).normal([32, 3]);
    const classes = Int32Array.from({ length: 32 }, (_, i) => (points.data[3 * i]! > 0 ? 1 : 0));
    const run = async (devices: readonly Device[]): Promise<number[]> => {
      using model = new Sequential([new Linear({ inputs: 3, outputs: 2, rng: new Rng(5) })]);
      using optimizer = new AdamW(model.parameters(), { learningRate: 0.1 });
      const losses: number[] = [];
      for (const [i, device] of devices.entries()) {
        for (let step = 0; step < 4; step++) {
          losses.push(
            await device.compute(() => {
              const loss = () => crossEntropy(model.forward(tensor(points), inference), tensor(classes));
              const { value, grads } = valueAndGrad(loss, model.parameters());
              optimizer.update(grads);
              return value;
            }),
          );
        }
        if (i + 1 === devices.length) continue;
        await moveToHost(model, optimizer);
        expect(device.memory().buffers).toBe(0);
      }
      return losses;
    };
    const [moved, stayed] = [await run([gpu, host, gpu]), await run([host, host, host])];
    // Sums of float32 in another order.
    moved.forEach((loss, i) => void expect(Math.abs(loss - stayed[i]!)).toBeLessThan(1e-4));
    expect(moved[11]).toBeLessThan(moved[0]!);
  });

  test("an index out of range reads NaN, or 0 where the dtype has none, never another row", async () => {
    await using device = await openDevice(webgpu());
    const [floats, wholes, taken] = await device.compute(() => {
      const rows = ones([2, 3]);
      const index = tensor([-1, 1, 3], { dtype: "int32" });
      return [
        gather(rows, index, { axis: 1 }),
        gather(rows.cast("int32"), index, { axis: 1 }),
        takeAlong(rows, broadcastTo(index, [2, 3]), { axis: 1 }),
      ];
    });
    expect([...floats!.data]).toEqual([NaN, 1, NaN, NaN, 1, NaN]);
    expect([...wholes!.data]).toEqual([0, 1, 0, 0, 1, 0]);
    expect([...taken!.data]).toEqual([NaN, 1, NaN, NaN, 1, NaN]);
  });

  test("a scalar parameter that a formula made is updated alone", async () => {
    await using device = await openDevice(webgpu());
    using cell = new Cell(hostTensor(Float32Array.of(0), []));
    const step = { learningRate: 1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true };
    const [one, left] = await device.compute(() => {
      cell.set(tensor(5).mul(1));
      sgdUpdate(cell, tensor(2), { velocity: undefined, step });
      return [tensor(5).add(0), cell.value];
    });
    expect([one, left]).toEqual([5, 3]);
  });

  test("past maxMemory a kernel fails with what it needed, and the device goes on", async () => {
    const device = await webgpu({ maxMemory: 2 ** 20 }).open();
    const small = x(device, [1000]);
    expect(() => device.kernels.broadcast(small, [1000, 1000])).toThrow(OutOfMemoryError);
    expect(() => device.kernels.broadcast(small, [1000, 1000])).toThrow(/broadcast: expected \d+ more bytes below the limit of 1048576/);
    const y = device.kernels.binary("add", small, small, [1000]);
    expect((await device.read(y, "float32", 1000))[999]).toBe(4);
    device.free(y);
    device.free(small.buffer);
    expect(device.memory().buffers).toBe(0);
    await device.close();
  });

  test("a kernel that fails half way keeps nothing of what it made", async () => {
    const device = await webgpu({ maxMemory: 2 ** 20 }).open();
    const images = x(device, [1, 128, 256, 4]);
    const g = { batch: 1, height: 128, width: 256, kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1 } as const;
    const geometry = { ...g, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0, outHeight: 128, outWidth: 256, channels: 4 };
    // Half a mebibyte of images leaves room for the values and none for their places.
    expect(() => device.kernels.maxPool(images, geometry)).toThrow(OutOfMemoryError);
    expect(device.memory().buffers).toBe(1);
    await device.close();
  });

  test("idle memory makes room: many sizes, one after the other, fit into a cap that holds one", async () => {
    const device = await webgpu({ maxMemory: 8 * 2 ** 20 }).open();
    for (let size = 100_000; size < 1_900_000; size += 100_000) {
      const y = x(device, [size]);
      expect((await device.read(y.buffer, "float32", size))[size - 1]).toBe(2);
      device.free(y.buffer);
    }
    await device.close();
  });

  test("what the GPU rejects is an error of the read, never numbers", async () => {
    const { runner, name } = await openRunner(defaults);
    const device = new WebgpuDevice(runner, name);
    const y = runner.allocate(64, "test");
    runner.run({
      name: "broken",
      reads: [],
      writes: [{ name: "result", type: "f32", buffer: y }],
      threads: 64,
      body: () => "result[i] = nonsense;",
    });
    await expect(device.read(y, "float32", 64)).rejects.toThrow(/the GPU reported an error.*nonsense/s);
    expect(() => device.kernels.fill([3], "float32", 1)).toThrow(/nonsense/);
    await expect(device.read(y, "float32", 64)).rejects.toThrow(DlError);
    await device.close();
  });

  test("a lost device says so, and what to do", async () => {
    const { runner, name } = await openRunner(defaults);
    const device = new WebgpuDevice(runner, name);
    const y = x(device, [4]);
    runner.gpu.destroy();
    await runner.gpu.lost;
    await expect(device.read(y.buffer, "float32", 4)).rejects.toThrow(
      /the device was lost \(destroyed\).*resume from the last checkpoint/s,
    );
    expect(() => device.kernels.unary("exp", y)).toThrow(/the device was lost/);
    await device.close();
  });

  test("a run whose device is lost goes on elsewhere from its checkpoint, with the same bits", { timeout: 60_000 }, async () => {
    /** What a run is made of, and its losses from one step to another. */
    const setUp = () => {
      const rng = new Rng(4);
      const layers = [
        new Linear({ inputs: 6, outputs: 8, rng: rng.fork("hidden") }),
        new Dropout({ rate: 0.2 }),
        new Linear({ inputs: 8, outputs: 3, rng: rng.fork("head") }),
      ];
      const model = new Sequential(layers);
      const optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
      const parts = { models: { model }, optimizers: { adam: { optimizer, model } } };
      const train = async (on: Device, from: number, to: number): Promise<number[]> => {
        const losses: number[] = [];
        for (let step = from; step < to; step++) {
          const images = rng.fork(`images ${step}`).normal([5, 6]);
          const loss = await on.compute(() => {
            const work = (): Scalar =>
              crossEntropy(model.forward(tensor(images), training(rng.fork(`mask ${step}`))), tensor(Int32Array.of(0, 1, 2, 1, 0)));
            const { value, grads } = valueAndGrad(work, model.parameters());
            optimizer.update(grads);
            return value;
          });
          losses.push(loss);
        }
        return losses;
      };
      return { model, optimizer, parts, train };
    };
    await using device = await openDevice(webgpu());
    const expected = await setUp().train(device, 0, 10);

    const { runner, name } = await openRunner(defaults);
    const doomed = new Device(new WebgpuDevice(runner, name));
    const first = setUp();
    await first.train(doomed, 0, 5);
    const checkpoint = await writeCheckpoint(first.parts, { step: 5 });
    await first.train(doomed, 5, 7);
    runner.gpu.destroy();
    await runner.gpu.lost;
    await expect(first.train(doomed, 7, 8)).rejects.toThrow(
      /the device was lost.*open another device and resume from the last checkpoint/s,
    );
    await doomed[Symbol.asyncDispose]();

    // With a new model, and with the old one.
    for (const { model, optimizer, parts, train } of [setUp(), first]) {
      const { step } = readCheckpoint(checkpoint, parts);
      expect(await train(device, step, 10)).toEqual(expected.slice(5));
      optimizer[Symbol.dispose]();
      model[Symbol.dispose]();
    }
  });

  test("attention and its gradients keep no matrix of scores", { timeout: 60_000 }, async () => {
    await using device = await openDevice(webgpu());
    const rng = new Rng(8);
    const [time, size] = [1024, 8];
    const inputs = ["query", "key", "value"].map((name) => rng.fork(name).normal([1, 1, time, size]));
    await device.compute(() => {
      const [query, key, value] = inputs.map((input) => tensor(input)) as [Tensor, Tensor, Tensor];
      const work = (): Scalar => attention(query, { key, value }, { causal: true }).square().sum();
      return grad(work, [query, key, value]).map((gradient) => gradient.sum());
    });
    // A dozen tensors of time × size; scores would be time × time.
    expect(device.memory().peakBytes).toBeLessThan((time * time * 4) / 4);
  });

  test("a closed device refuses work", async () => {
    const device = await webgpu().open();
    const y = x(device, [4]);
    await device.close();
    await device.close();
    expect(() => device.kernels.unary("exp", y)).toThrow(/expected an open device, got a closed one/);
  });

  test("all parameters are updated in one launch", async () => {
    await using device = await openDevice(webgpu());
    const rng = new Rng(1);
    const cells = [3, 1000, 17, 256].map((size) => new Cell(rng.fork(`${size}`).normal([size])));
    const before = cells.map((cell) => cell.read());
    const step = { learningRate: 0.5, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true };
    const gradients = cells.map(({ size }) => hostTensor(new Float32Array(size).fill(2), [size]));
    const update = () =>
      device.profile(() => {
        const values = gradients.map((gradient) => tensor(gradient));
        cells.forEach((cell, i) => void sgdUpdate(cell, values[i]!, { velocity: undefined, step }));
      });
    await update();
    const { kernels } = await update();
    expect(kernels.map(({ name, launches }) => [name, launches])).toEqual([["sgdUpdate", 1]]);
    for (const [i, cell] of cells.entries()) {
      const { data } = await before[i]!;
      expect(Array.from((await cell.read()).data)).toEqual(Array.from(data, (value) => Math.fround(Math.fround(value - 1) - 1)));
      cell[Symbol.dispose]();
    }
    expect(device.memory().buffers).toBe(0);
  });

  test("AdamW moves every parameter of a model, and its moments, in one launch", async () => {
    await using device = await openDevice(webgpu());
    const rng = new Rng(1);
    using model = new Sequential([8, 5, 3].map((inputs, i) => new Linear({ inputs, outputs: [5, 3, 2][i]!, rng: rng.fork(`${i}`) })));
    using optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(0.01, { steps: 10 }), weightDecay: 0.1 });
    const images = rng.normal([4, 8]);
    const step = () =>
      device.profile(() => {
        const work = (): Scalar => model.forward(tensor(images), inference).square().mean();
        optimizer.update(valueAndGrad(work, model.parameters()).grads);
      });
    // The first two move the moments side by side.
    for (let i = 0; i < 3; i++) await step();
    const { kernels } = await step();
    const updates = kernels.filter(({ name }) => /adam/.test(name));
    expect(updates.map(({ name, launches }) => [name, launches])).toEqual([["adamUpdate", 1]]);
  });

  test("a profile has the GPU's times of merged launches", async () => {
    await using device = await openDevice(webgpu());
    const { result, kernels, milliseconds } = await device.profile(() => tensor(new Float32Array(10_000).fill(1)).exp().neg().exp().sum());
    expect(result).toBeCloseTo(10_000 * Math.exp(-Math.E), 0);
    expect(kernels.map(({ name }) => name).sort()).toEqual(["reduce sum", "unary exp + unary negate + unary exp"]);
    const busy = kernels.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
    expect(busy).toBeGreaterThan(0);
    expect(busy).toBeLessThan(milliseconds);
  });
});
