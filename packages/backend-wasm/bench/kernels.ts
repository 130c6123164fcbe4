/**
 * Times of the wasm device's kernels alone, the core left out: the numbers of the README.
 * Run: node --conditions=@dl/source --import tsx packages/backend-wasm/bench/kernels.ts [threads] [relaxed]
 */

import { type AttentionProblem, type ConvGeometry, type Operand, Rng, type Shape, sizeOf } from "@dl/core";
import { wasm } from "../src/index.ts";

const threads = Number(process.argv[2] ?? 1);
const device = await wasm({ threads, relaxed: process.argv[3] === "relaxed" }).open();
const { kernels, fused } = device;
const rng = new Rng(1);
const random = (shape: Shape): Operand<number> => ({
  buffer: device.upload(rng.normal(shape).data, "float32"),
  shape,
  dtype: "float32",
});

/** Seconds for each measurement: the best call counts, so that others' load disturbs less. */
const patience = 0.6;

/** Best milliseconds of one call of `work`, which returns the buffers it made. */
function best(work: () => readonly number[], { calls = 1 } = {}): number {
  let least = Infinity;
  const end = performance.now() + patience * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) for (const buffer of work()) device.free(buffer);
    least = Math.min(least, (performance.now() - start) / calls);
  }
  return least;
}

const line = (name: string, figure: string): void => console.log(name.padEnd(56), figure);
const rate = (name: string, { operations, milliseconds }: { operations: number; milliseconds: number }): void =>
  line(name, `${(operations / milliseconds / 1e6).toFixed(1).padStart(6)} GFLOPS  ${milliseconds.toFixed(3)} ms`);

console.log(`${device.name}, Node ${process.version}`);

for (const n of [64, 128, 256, 512, 1024]) {
  const a = random([n, n]);
  const problem = { batches: 1, m: n, k: n, n, transposeA: false, transposeB: false, aIndex: undefined, bIndex: undefined };
  rate(`matmul ${n}³`, { operations: 2 * n ** 3, milliseconds: best(() => [kernels.matmul(a, a, problem, {})]) });
  device.free(a.buffer);
}

for (const [size, inChannels, outChannels] of [
  [32, 3, 32],
  [15, 32, 64],
  [6, 64, 128],
] as const) {
  const out = size - 2;
  const geometry: ConvGeometry = {
    ...{ batch: 32, height: size, width: size, outHeight: out, outWidth: out, inChannels, outChannels, groups: 1 },
    ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 },
  };
  const [x, weight, dy] = [
    random([32, size, size, inChannels]),
    random([3, 3, inChannels, outChannels]),
    random([32, out, out, outChannels]),
  ];
  const operations = 2 * sizeOf(dy.shape) * 9 * inChannels;
  const name = `32 × ${size} × ${size}, ${inChannels} → ${outChannels}`;
  rate(`conv2d ${name}`, { operations, milliseconds: best(() => [kernels.conv2d(x, weight, geometry, { activation: "relu" })]) });
  rate(`  by its input`, { operations, milliseconds: best(() => [kernels.conv2dInputGradient(dy, weight, geometry)]) });
  rate(`  by its filter`, { operations, milliseconds: best(() => [kernels.conv2dFilterGradient(x, dy, geometry)]) });
}

// The attention of nanoGPT's CPU configuration.
const problem: AttentionProblem = { batch: 12, heads: 4, keyHeads: 4, time: 64, keyTime: 64, size: 32, scale: 0.18, causal: true };
const [query, key, value] = [random([12, 4, 64, 32]), random([12, 4, 64, 32]), random([12, 4, 64, 32])];
const { y, logSumExp } = fused.attention!(query, key, value, problem);
const saved = {
  query,
  key,
  value,
  y: { ...query, buffer: y },
  logSumExp: { buffer: logSumExp, shape: [12, 4, 64], dtype: "float32" } as const,
};
const milliseconds = (time: number): string => `${time.toFixed(3)} ms`;
line("causal attention 12 × 4 × 64 × 32", milliseconds(best(() => Object.values(fused.attention!(query, key, value, problem)))));
line("  by its inputs", milliseconds(best(() => Object.values(fused.attentionGradient!(query, saved, problem)))));

const sixtyFour = random([64]);
line(
  "add of 64 elements, and free",
  `${(best(() => [kernels.binary("add", sixtyFour, sixtyFour, [64])], { calls: 1000 }) * 1000).toFixed(3)} µs`,
);
const many = random([65_536]);
for (const op of ["exp", "log", "tanh", "geluTanh", "gelu"] as const) {
  line(`${op} of 65,536`, `${((best(() => [kernels.unary(op, many)]) * 1e6) / 65_536).toFixed(2)} ns an element`);
}
await device.close();
