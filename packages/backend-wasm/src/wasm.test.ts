/** Opening, closing, variants, threads and errors of the device. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DlError, OptionError, OutOfMemoryError } from "@dl/core";
import { expect, test } from "vitest";
import { hasRelaxedSimd } from "./probe.ts";
import { wasm } from "./wasm.ts";

const run = promisify(execFile);
const index = new URL("./index.ts", import.meta.url).href;

/** Runs a program in a Node of its own. */
async function program(source: string, ...flags: string[]): Promise<string> {
  const { stdout } = await run(
    process.execPath,
    [
      "--conditions=@dl/source",
      ...flags,
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      `import { wasm } from ${JSON.stringify(index)};\n${source}`,
    ],
    { timeout: 25_000 },
  );
  return stdout;
}

test("the name says what was chosen", async () => {
  const simd = hasRelaxedSimd() ? "relaxed SIMD" : "SIMD";
  for (const [threads, name] of [
    [1, `wasm (${simd})`],
    [2, `wasm (${simd}, 2 threads)`],
    [3, `wasm (${simd}, 3 threads)`],
  ] as const) {
    const device = await wasm({ threads }).open();
    expect(device.name).toBe(name);
    await device.close();
  }
  const device = await wasm({ threads: 1, relaxed: false }).open();
  expect(device.name).toBe("wasm (SIMD)");
  await device.close();
});

test("each variant that is not taken has a reason", () => {
  const reasons = wasm({ threads: 1, relaxed: false })
    .variants()
    .map(({ name, reason }) => [name, reason]);
  expect(reasons).toEqual([
    ["relaxed SIMD, threads", "relaxed is false"],
    ["relaxed SIMD", "relaxed is false"],
    ["SIMD, threads", "threads is 1"],
    ["SIMD", undefined],
  ]);
});

test("options outside their range are errors", () => {
  expect(() => wasm({ threads: 0 })).toThrow(OptionError);
  expect(() => wasm({ threads: 1.5 })).toThrow(/threads from 1 to 64, got 1.5/);
  expect(() => wasm({ maxMemory: 2 ** 33 })).toThrow(OptionError);
  expect(() => wasm({ relaxed: "never" as "auto" })).toThrow(/relaxed true, false or "auto", got never/);
  expect(() => wasm({ mainThread: "wait" as "block" })).toThrow(/mainThread "refuse" or "block", got wait/);
});

test("memory past the limit is an error that names the kernel, the need and the limit, and the device goes on", async () => {
  const device = await wasm({ threads: 1, maxMemory: 32 * 2 ** 20 }).open();
  const kept = device.upload(Float32Array.of(1, 2, 3), "float32");
  expect(() => device.kernels.fill([10_000_000], "float32", 0)).toThrow(OutOfMemoryError);
  expect(() => device.kernels.fill([10_000_000], "float32", 0)).toThrow(
    /fill: expected 38\.1 MiB of device memory, but 12 bytes are in 1 buffers and the limit is 32\.0 MiB\./,
  );
  const fits = device.kernels.fill([5_000_000], "float32", 7);
  expect(device.readSync(fits, "float32", 5_000_000).every((value) => value === 7)).toBe(true);
  expect(device.readSync(kept, "float32", 3)).toEqual(Float32Array.of(1, 2, 3));
  await device.close();
});

test("a kernel that runs out of memory on its way leaves nothing behind", async () => {
  const device = await wasm({ threads: 1, maxMemory: 48 * 2 ** 20 }).open();
  const x = { buffer: device.kernels.fill([2 ** 20], "float32", 0.5), shape: [2 ** 20], dtype: "float32" } as const;
  const square = { batches: 1, m: 256, k: 4096, n: 256, transposeA: true, transposeB: true, aIndex: undefined, bIndex: undefined };
  const heads = { batch: 1, heads: 256, keyHeads: 256, time: 64, keyTime: 64, size: 64, scale: 1, causal: false };
  const calls = {
    // A small result, the right side packed in 4 MiB.
    matmul: () => [device.kernels.matmul(x, x, square, {})],
    // A result of 4 MiB; 16 MiB for keys and places.
    sort: () => [device.kernels.argsort(x, 1, 2 ** 20, false)],
    // Two results and packed keys of 4 MiB.
    attention: () => Object.values(device.fused.attention!(x, x, x, heads)),
  };
  const outcomes = new Set<string>();
  for (const [name, call] of Object.entries(calls)) {
    // The less there is, the earlier it ends.
    for (let kept = 0; kept <= 42; kept += 3) {
      const ballast = device.kernels.fill([kept * 2 ** 18], "float32", 0);
      const before = device.memory().buffers;
      try {
        for (const buffer of call()) device.free(buffer);
        outcomes.add(`${name} done`);
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
        outcomes.add(`${name} ended`);
      }
      expect(device.memory().buffers, `${name} beside ${kept} MiB`).toBe(before);
      device.free(ballast);
    }
  }
  expect(outcomes.size).toBe(6);
  device.free(x.buffer);
  device.free(device.kernels.fill([40 * 2 ** 18], "float32", 0));
  await device.close();
});

test("working memory past 2 GiB is counted as what it is", async () => {
  const device = await wasm({ threads: 1, maxMemory: 2 ** 26 }).open();
  const x = { buffer: device.kernels.fill([4], "float32", 0), shape: [1, 2 ** 28], dtype: "float32" } as const;
  // Keys and places of so many elements take 4 GiB: to sort them in less would be to write over everything else.
  expect(() => device.kernels.topK(x, 1, 2 ** 28, 1)).toThrow(/sort: expected 4096\.0 MiB of device memory/);
  expect(() => device.kernels.topK(x, 1, 2 ** 27, 1)).toThrow(/sort: expected 2048\.0 MiB of device memory/);
  await device.close();
});

test("memory is counted, and a freed buffer is not freed again", async () => {
  const device = await wasm({ threads: 1 }).open();
  const buffer = device.kernels.fill([1000], "float32", 1);
  expect(device.memory()).toEqual({ buffers: 1, bytes: 4000, peakBytes: 4000 });
  device.free(buffer);
  expect(device.memory()).toEqual({ buffers: 0, bytes: 0, peakBytes: 4000 });
  expect(() => device.free(buffer)).toThrow(DlError);
  expect(() => device.free(12_345)).toThrow(/expected a live buffer, got 12345/);
  await device.close();
});

test("devices are independent of each other", async () => {
  const [first, second] = await Promise.all([wasm({ threads: 2 }).open(), wasm({ threads: 2 }).open()]);
  const a = first.upload(Float32Array.of(1, 2), "float32");
  const b = second.upload(Float32Array.of(3, 4), "float32");
  await first.close();
  expect(second.readSync(b, "float32", 2)).toEqual(Float32Array.of(3, 4));
  expect(second.memory().buffers).toBe(1);
  expect(a).toBe(b);
  await second.close();
});

test("a closed device refuses to work, and closing twice is the same as once", async () => {
  const device = await wasm({ threads: 2 }).open();
  await device.close();
  await device.close();
  expect(() => device.kernels.fill([4], "float32", 0)).toThrow(/the device is closed/);
});

test("a closed device takes nothing, gives nothing back, and forgives what is freed after it", async () => {
  const device = await wasm({ threads: 1 }).open();
  const buffer = device.upload(Float32Array.of(1, 2), "float32");
  await device.close();
  expect(() => device.upload(Float32Array.of(1), "float32")).toThrow(/upload: the device is closed\. Open another/);
  expect(() => device.readSync(buffer, "float32", 2)).toThrow(/the device is closed\. Open another/);
  device.free(buffer);
  expect(device.memory().buffers).toBe(0);
});

test("closed devices hold no memory, whoever holds them", async () => {
  const out = await program(
    `
    const kept = [];
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 4; i++) {
      const device = await wasm({ threads: 1 + (i % 2) }).open();
      device.kernels.fill([2 ** 25], "float32", 1);
      await device.close();
      kept.push(device);
    }
    for (let i = 0; i < 20 && process.memoryUsage().rss - before > 2 ** 27; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    console.log(process.memoryUsage().rss - before < 2 ** 27, kept.length);
  `,
    "--expose-gc",
  );
  expect(out).toBe("true 4\n");
});

test("the same work gives the same bits again, and in another device", async () => {
  const results: Float32Array[] = [];
  for (let round = 0; round < 2; round++) {
    const device = await wasm({ threads: 2 }).open();
    for (let again = 0; again < 2; again++) {
      const shape = [8, 30, 30, 16];
      const x = { buffer: device.kernels.randomUniform(1, 2, 8 * 30 * 30 * 16), shape, dtype: "float32" } as const;
      const dy = { buffer: device.kernels.randomUniform(3, 4, 8 * 28 * 28 * 32), shape: [8, 28, 28, 32], dtype: "float32" } as const;
      const window = { strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 };
      const size = { batch: 8, height: 30, width: 30, kernelHeight: 3, kernelWidth: 3, outHeight: 28, outWidth: 28 };
      const dw = device.kernels.conv2dFilterGradient(x, dy, { ...size, ...window, inChannels: 16, outChannels: 32, groups: 1 });
      results.push(device.readSync(dw, "float32", 9 * 16 * 32) as Float32Array);
      for (const buffer of [x.buffer, dy.buffer, dw]) device.free(buffer);
    }
    await device.close();
  }
  for (const other of results.slice(1)) expect(other).toEqual(results[0]);
});

test("a program that forgets close() ends", async () => {
  const out = await program(`
    const device = await wasm({ threads: 3 }).open();
    device.kernels.randomUniform(1, 2, 1_000_000);
    console.log("end");
  `);
  expect(out).toBe("end\n");
});

test("close() leaves no thread", async () => {
  const out = await program(`
    import { readdirSync } from "node:fs";
    const count = () => (process.platform === "linux" ? readdirSync("/proc/self/task").length : 0);
    await (await wasm({ threads: 1 }).open()).close();
    const before = count();
    for (let i = 0; i < 3; i++) {
      const device = await wasm({ threads: 4 }).open();
      device.kernels.randomUniform(1, 2, 1_000_000);
      await device.close();
    }
    console.log(count() - before <= 1);
  `);
  expect(out).toBe("true\n");
});

test("relaxed SIMD, where a flag of V8 brings it, computes the same product", async () => {
  const out = await program(`
    const device = await wasm({ threads: 2, relaxed: true }).open();
    const a = { buffer: device.upload(Float32Array.of(1, 2, 3, 4), "float32"), shape: [2, 2], dtype: "float32" };
    const problem = { batches: 1, m: 2, k: 2, n: 2, transposeA: false, transposeB: true };
    console.log(device.name, ...device.readSync(device.kernels.matmul(a, a, problem, {}), "float32", 4));
    await device.close();
  `);
  expect(out).toBe("wasm (relaxed SIMD, 2 threads) 5 11 11 25\n");
});
