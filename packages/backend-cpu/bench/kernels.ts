/**
 * Times of the cpu device's kernels alone, the core left out: the numbers of the README.
 * Run: node --conditions=@dl/source --import tsx packages/backend-cpu/bench/kernels.ts
 */

import { type BackendDevice, type ConvGeometry, type DType, type Operand, Rng, type Shape, sizeOf, type TypedArray } from "@dl/core";
import { cpu } from "../src/index.ts";

type Tensor = Operand<TypedArray>;

const device = (await cpu().open()) as BackendDevice<TypedArray>;
const { kernels, fused } = device;
const rng = new Rng(1);
const batch = 32;

const tensor = (buffer: TypedArray, shape: Shape, dtype: DType = "float32"): Tensor => ({ buffer, shape, dtype });
const random = (shape: Shape): Tensor => tensor(device.upload(rng.normal(shape).data, "float32"), shape);

/** The best time of one call, over `rounds` rounds of `calls` calls: on the clock, and of the processor, which others' load disturbs less. */
function report(name: string, work: () => void, { rounds, calls }: { rounds: number; calls: number }): number {
  for (let i = 0; i < 3 * calls; i++) work();
  let clock = Infinity;
  let processor = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) work();
    clock = Math.min(clock, (performance.now() - start) / calls);
    const { user, system } = process.cpuUsage(before);
    processor = Math.min(processor, (user + system) / 1000 / calls);
  }
  const format = (time: number): string => (time >= 0.1 ? `${time.toFixed(2)} ms` : `${(time * 1000).toFixed(2)} µs`).padStart(12);
  console.log(name.padEnd(48), format(clock), format(processor));
  return processor;
}

const product = (m: number, k: number, n: number, sides: { transposeA?: boolean; transposeB?: boolean } = {}) => ({
  ...{ batches: 1, m, k, n, transposeA: false, transposeB: false, aIndex: undefined, bIndex: undefined },
  ...sides,
});

/** A 3 × 3 convolution with "same" padding, and the 2 × 2 pooling after it. */
function stage(size: number, inChannels: number, outChannels: number) {
  const window = { batch, height: size, width: size, dilationHeight: 1, dilationWidth: 1 };
  const conv: ConvGeometry = {
    ...{ ...window, kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1, padTop: 1, padLeft: 1 },
    ...{ outHeight: size, outWidth: size, inChannels, outChannels, groups: 1 },
  };
  const half = size / 2;
  const pool = {
    ...{ ...window, kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2, padTop: 0, padLeft: 0 },
    ...{ outHeight: half, outWidth: half, channels: outChannels },
  };
  return { conv, pool, weight: random([3, 3, inChannels, outChannels]), bias: random([outChannels]), size, outChannels };
}

const images = random([batch, 32, 32, 3]);
const labels = tensor(device.upload(rng.integers([batch], 0, 10).data, "int32"), [batch], "int32");
const stages = [stage(32, 3, 32), stage(16, 32, 64), stage(8, 64, 128)];
const [hiddenWeight, hiddenBias, lastWeight, lastBias] = [[2048, 128], [128], [128, 10], [10]].map(random) as [
  Tensor,
  Tensor,
  Tensor,
  Tensor,
];

/** Forward and backward of the Keras CNN: every gradient of every parameter. */
function cnnStep(): void {
  const made: TypedArray[] = [];
  const keep = (buffer: TypedArray, shape: Shape, dtype: DType = "float32"): Tensor => {
    made.push(buffer);
    return tensor(buffer, shape, dtype);
  };
  let x = images;
  const passed = stages.map(({ conv, pool, weight, bias, size, outChannels }) => {
    const input = x;
    const y = keep(kernels.conv2d(x, weight, conv, { bias, activation: "relu" }), [batch, size, size, outChannels]);
    const { values, indices } = kernels.maxPool(y, pool);
    x = keep(values, [batch, size / 2, size / 2, outChannels]);
    return { input, y, indices: keep(indices, x.shape, "int32") };
  });
  const flat = tensor(x.buffer, [batch, 2048]);
  const hidden = keep(kernels.matmul(flat, hiddenWeight, product(batch, 2048, 128), { bias: hiddenBias, activation: "relu" }), [
    batch,
    128,
  ]);
  const logits = keep(kernels.matmul(hidden, lastWeight, product(batch, 128, 10), { bias: lastBias }), [batch, 10]);
  keep(fused.crossEntropy!(logits, labels, batch, 10), [batch]);
  const g = keep(kernels.fill([batch], "float32", 1 / batch), [batch]);
  const dlogits = keep(fused.crossEntropyGradient!(g, logits, labels, batch, 10), [batch, 10]);
  keep(kernels.matmul(hidden, dlogits, product(128, batch, 10, { transposeA: true }), {}), [128, 10]);
  keep(kernels.reduce("sum", dlogits, 1, batch, 10), [10]);
  const dpast = keep(kernels.matmul(dlogits, lastWeight, product(batch, 10, 128, { transposeB: true }), {}), [batch, 128]);
  const dhidden = keep(kernels.binary("reluGradient", dpast, hidden, [batch, 128]), [batch, 128]);
  keep(kernels.matmul(flat, dhidden, product(2048, batch, 128, { transposeA: true }), {}), [2048, 128]);
  keep(kernels.reduce("sum", dhidden, 1, batch, 128), [128]);
  let dx = keep(kernels.matmul(dhidden, hiddenWeight, product(batch, 128, 2048, { transposeB: true }), {}), x.shape);
  for (let i = stages.length - 1; i >= 0; i--) {
    const { conv, pool, weight, outChannels } = stages[i]!;
    const { input, y, indices } = passed[i]!;
    const dpool = keep(fused.maxPoolGradient!(dx, indices, pool), y.shape);
    const dy = keep(kernels.binary("reluGradient", dpool, y, y.shape), y.shape);
    keep(kernels.conv2dFilterGradient(input, dy, conv), weight.shape);
    keep(kernels.reduce("sum", dy, 1, sizeOf(y.shape) / outChannels, outChannels), [outChannels]);
    if (i > 0) dx = keep(kernels.conv2dInputGradient(dy, weight, conv), input.shape);
  }
  for (const buffer of made) device.free(buffer);
}
report("Keras CNN, batch 32, forward and backward", cnnStep, { rounds: 8, calls: 1 });

for (const n of [256, 512]) {
  const [a, b] = [random([n, n]), random([n, n])];
  const work = (): void => device.free(kernels.matmul(a, b, product(n, n, n), {}));
  const milliseconds = report(`matmul ${n}³`, work, { rounds: 6, calls: 1 });
  console.log(`${" ".repeat(62)}${((2 * n ** 3) / milliseconds / 1e6).toFixed(2)} GFLOPS`);
}

const state = random([1, 4]);
const layers = [4, 64, 64].map((inputs, i) => {
  const outputs = [64, 64, 2][i]!;
  return { inputs, outputs, weight: random([inputs, outputs]), bias: random([outputs]) };
});
const policy = (): void => {
  let x = state;
  for (const { inputs, outputs, weight, bias } of layers) {
    const y = kernels.matmul(x, weight, product(1, inputs, outputs), { bias, activation: outputs === 2 ? undefined : "relu" });
    if (x !== state) device.free(x.buffer);
    x = tensor(y, [1, outputs]);
  }
  device.readSync!(x.buffer, "float32", 2);
  device.free(x.buffer);
};
report("4–64–64–2 network, one forward, with read-back", policy, { rounds: 60, calls: 3000 });

for (const size of [64, 2 ** 20]) {
  const [a, b] = [random([size]), random([size])];
  const often = size === 64 ? { rounds: 60, calls: 20_000 } : { rounds: 20, calls: 5 };
  report(`add of ${size}`, () => device.free(kernels.binary("add", a, b, [size])), often);
  report(`relu of ${size}`, () => device.free(kernels.unary("relu", a)), often);
}
await device.close();
