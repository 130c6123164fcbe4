/** What the tests of exported models share: the same inputs through our forward pass and through ONNX Runtime. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { type Device, type HostTensor, openDevice, type Rng, type Tensor, tensor } from "@dl/core";
import type { Module } from "@dl/nn";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import type { InputSpec, TraceModelOptions } from "../trace/trace-model.ts";
import { exportOnnx } from "./export-onnx.ts";
import type { Quantization } from "./quantization.ts";

/** One for all: a model's weights stay on it between two exports. */
export const device: Device = await openDevice(cpu());

/** Something that runs an ONNX file. */
export interface Runtime {
  readonly name: string;
  open(bytes: Uint8Array): Promise<InferenceSession>;
}

export const onnxNode: Runtime = {
  name: "onnxruntime-node",
  open: (bytes) => InferenceSession.create(bytes, { graphOptimizationLevel: "all", intraOpNumThreads: 1, logSeverityLevel: 3 }),
};

/** The build that browsers run, here in Node: WebAssembly, one thread. */
export const onnxWeb: Runtime = {
  name: "onnxruntime-web",
  open: async (bytes) => {
    // Only where it is asked for: it compiles twelve megabytes.
    const web = await import("onnxruntime-web");
    web.env.wasm.numThreads = 1;
    const session = await web.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
    // The two packages have the same sessions and tensors, by different names.
    return session as unknown as InferenceSession;
  },
};

/** Free sizes by name. */
export type Sizes = Readonly<Record<string, number>>;

export interface CheckOptions<I extends Readonly<Record<string, InputSpec>>> extends TraceModelOptions<I> {
  rng: Rng;
  /** Each is run once. */
  sizes: readonly Sizes[];
  /** Whole numbers below it for int32 inputs. Default 10. */
  ids?: number;
  quantization?: Quantization;
  /** Largest difference, absolute and relative to the largest value. Default 1e-4. */
  bound?: number;
  /** What runs the file. Default onnxruntime-node. */
  runtimes?: readonly Runtime[];
}

/** Random values: normal floats, ids, and bools of which the first of each row is true. */
export function drawInput(
  { shape, dtype = "float32" }: InputSpec,
  { sizes, ids, rng }: { sizes: Sizes; ids: number; rng: Rng },
): HostTensor {
  const at = shape.map((size) => (typeof size === "number" ? size : sizes[size]!));
  if (dtype === "float32") return rng.normal(at);
  if (dtype === "int32") return rng.integers(at, 0, ids);
  const mask = rng.bernoulli(at, 0.7);
  for (let i = 0; i < mask.data.length; i += at.at(-1)!) mask.data[i] = 1;
  return mask;
}

/** The outputs of ONNX Runtime, by name. */
export async function runOnnx(session: InferenceSession, inputs: Readonly<Record<string, HostTensor>>): Promise<Map<string, HostTensor>> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, data }]) => [name, new OrtTensor(dtype as "float32", data as Float32Array, shape)]),
  );
  const results = await session.run(feeds);
  return new Map(
    Object.entries(results).map(([name, { dims, type, data }]) => [name, { shape: [...dims], dtype: type, data } as unknown as HostTensor]),
  );
}

/** With DL_ONNX_FOLDER, the files stay for other checkers: tooling/fixtures/check_onnx.py. */
export function keepFile(model: Module, bytes: Uint8Array): void {
  const folder = process.env.DL_ONNX_FOLDER;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${model.constructor.name}-${bytes.length}.onnx`), bytes);
}

/** Exports the model, and compares both at every one of `sizes`. */
export async function checkExport<I extends Readonly<Record<string, InputSpec>>>(
  model: Module,
  { rng, sizes, ids = 10, bound = 1e-4, runtimes = [onnxNode], ...options }: CheckOptions<I>,
): Promise<Uint8Array> {
  const bytes = await exportOnnx(model, options);
  const sessions = await Promise.all(runtimes.map(async ({ name, open }) => ({ name, session: await open(bytes) })));
  keepFile(model, bytes);
  for (const at of sizes) {
    const inputs = Object.fromEntries(
      Object.entries(options.inputs).map(([name, spec]) => [
        name,
        drawInput(spec, { sizes: at, ids, rng: rng.fork(`${name} ${JSON.stringify(at)}`) }),
      ]),
    );
    const expected = (await device.compute(() => {
      const tensors = Object.fromEntries(Object.entries(inputs).map(([name, host]) => [name, tensor(host)]));
      const result = options.forward(tensors as { [K in keyof I]: Tensor });
      return "buffer" in result ? { output: result as Tensor } : result;
    })) as Readonly<Record<string, HostTensor | number>>;
    for (const { name: runtime, session } of sessions) {
      const found = await runOnnx(session, inputs);
      expect([...found.keys()].sort()).toEqual(Object.keys(expected).sort());
      for (const [name, host] of Object.entries(expected)) {
        const where = `${name} at ${JSON.stringify(at)} in ${runtime}`;
        const values = typeof host === "number" ? [host] : Array.from(host.data);
        const other = found.get(name)!;
        expect(other.shape, where).toEqual(typeof host === "number" ? [] : host.shape);
        const largest = Math.max(...values.map(Math.abs));
        // Sums in another order; a wrong operation is off by its whole value.
        const worst = Math.max(...values.map((value, i) => Math.abs(value - other.data[i]!)));
        expect(worst, `${where}, values to ${largest}`).toBeLessThanOrEqual(bound * (1 + largest));
        expect(largest, where).toBeGreaterThan(0);
      }
    }
  }
  for (const { session } of sessions) await session.release();
  return bytes;
}
