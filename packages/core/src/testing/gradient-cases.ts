/** One small case per differentiable operation and form of it, for every device. Inputs avoid ties and borders, where slopes jump. */

import type { HostTensor } from "../host-tensor.ts";
import * as ops from "../index.ts";
import { Rng } from "../rng.ts";
import type { Tensor } from "../tensor.ts";

export interface GradientCase {
  readonly name: string;
  readonly inputs: readonly HostTensor[];
  readonly work: (...inputs: Tensor[]) => Tensor;
}

const rng = new Rng(7);

function normal(...shape: number[]): HostTensor {
  return rng.fork(`normal ${shape.join(" ")}`).normal(shape);
}
function another(...shape: number[]): HostTensor {
  return rng.fork(`another ${shape.join(" ")}`).normal(shape);
}
/** From ½ to 2. */
function positive(...shape: number[]): HostTensor {
  return rng.fork(`positive ${shape.join(" ")}`).uniform(shape, 0.5, 2);
}
/** Distinct numbers at least 0.1 apart, in random order. */
function distinct(...shape: number[]): HostTensor {
  const order = rng.fork(`distinct ${shape.join(" ")}`).permutation(ops.sizeOf(shape));
  return { shape, dtype: "float32", data: Float32Array.from(order, (place) => (place - order.length / 2 + 0.3) * 0.1) };
}
const int = (...values: number[]): Tensor => ops.tensor(values, { dtype: "int32" });

const unary = [
  "neg",
  "exp",
  "expm1",
  "square",
  "sin",
  "cos",
  "atan",
  "tanh",
  "sigmoid",
  "softplus",
  "erf",
  "gelu",
  "geluTanh",
  "silu",
  "mish",
  "softsign",
  "quickGelu",
  "logSigmoid",
] as const;
const unaryAwayFromZero = ["abs", "relu", "leakyRelu", "elu", "selu", "tan", "reciprocal"] as const;
const unaryPositive = ["log", "log1p", "sqrt", "rsqrt"] as const;
const binary = ["add", "sub", "mul", "div", "maximum", "minimum", "squaredDifference", "pow", "atan2"] as const;

export const gradientCases: readonly GradientCase[] = [
  ...unary.map((name): GradientCase => ({ name, inputs: [normal(2, 3)], work: (x) => ops[name](x!) })),
  ...unaryAwayFromZero.map((name): GradientCase => ({ name, inputs: [distinct(2, 3)], work: (x) => ops[name](x!) })),
  ...unaryPositive.map((name): GradientCase => ({ name, inputs: [positive(2, 3)], work: (x) => ops[name](x!) })),
  ...binary.map((name): GradientCase => ({ name, inputs: [positive(2, 3), distinct(2, 3)], work: (a, b) => ops[name](a!, b!) })),
  ...binary.map(
    (name): GradientCase => ({
      name: `${name} of broadcast inputs`,
      inputs: [positive(2, 1, 3), distinct(4, 1)],
      work: (a, b) => ops[name](a!, b!),
    }),
  ),
  { name: "clip", inputs: [distinct(2, 4)], work: (x) => ops.clip(x!, -0.25, 0.25) },
  { name: "where", inputs: [normal(2, 3), normal(3)], work: (a, b) => ops.where(ops.greater(a!, 0), a!, b!) },
  { name: "glu", inputs: [normal(2, 6)], work: (x) => ops.glu(x!) },
  { name: "prelu", inputs: [distinct(2, 3), positive(3)], work: (x, slope) => ops.prelu(x!, slope!) },

  { name: "sum of all", inputs: [normal(2, 3)], work: (x) => ops.sum(x!) },
  { name: "sum of outer and inner axes", inputs: [normal(2, 3, 4)], work: (x) => ops.sum(x!, [0, 2]).square() },
  { name: "mean", inputs: [normal(2, 3, 2)], work: (x) => ops.mean(x!, [0, 1], { keepDims: true }).square() },
  { name: "max", inputs: [distinct(3, 4)], work: (x) => ops.max(x!, 1).square() },
  { name: "min", inputs: [distinct(3, 4)], work: (x) => ops.min(x!, 0).square() },
  { name: "prod", inputs: [normal(3, 4)], work: (x) => ops.prod(x!, 1) },
  { name: "prod with a zero", inputs: [{ shape: [4], dtype: "float32", data: Float32Array.of(2, 0, 3, -1) }], work: (x) => ops.prod(x!) },
  { name: "variance", inputs: [normal(3, 4)], work: (x) => ops.variance(x!, 1, { correction: 1 }) },
  { name: "std", inputs: [normal(3, 4)], work: (x) => ops.std(x!, 0) },
  { name: "norm", inputs: [normal(3, 4)], work: (x) => ops.norm(x!, 1) },
  { name: "logSumExp", inputs: [normal(3, 4)], work: (x) => ops.logSumExp(x!, 0) },
  { name: "cumsum", inputs: [normal(2, 4, 2)], work: (x) => ops.cumsum(x!.square(), 1) },
  {
    name: "cumsum, exclusive and reverse",
    inputs: [normal(2, 4)],
    work: (x) => ops.cumsum(x!.square(), 1, { exclusive: true, reverse: true }),
  },
  { name: "cumprod", inputs: [normal(4, 2)], work: (x) => ops.cumprod(x!, 0) },
  { name: "cumprod, exclusive and reverse", inputs: [normal(2, 4)], work: (x) => ops.cumprod(x!, 1, { exclusive: true, reverse: true }) },

  { name: "matmul", inputs: [normal(2, 3), normal(3, 4)], work: (a, b) => ops.matmul(a!, b!) },
  {
    name: "matmul, both transposed",
    inputs: [normal(3, 2), normal(4, 3)],
    work: (a, b) => ops.matmul(a!, b!, { transposeA: true, transposeB: true }),
  },
  { name: "matmul, right transposed", inputs: [normal(2, 3), normal(4, 3)], work: (a, b) => ops.matmul(a!, b!, { transposeB: true }) },
  { name: "matmul, left transposed", inputs: [normal(3, 2), normal(3, 4)], work: (a, b) => ops.matmul(a!, b!, { transposeA: true }) },
  { name: "matmul of broadcast batches", inputs: [normal(2, 1, 2, 3), normal(2, 3, 2)], work: (a, b) => ops.matmul(a!, b!) },
  { name: "matmul of vectors", inputs: [normal(3), another(3)], work: (a, b) => ops.matmul(a!, b!) },
  { name: "matmul, one matrix for a batch", inputs: [normal(2, 3, 4), normal(4, 2)], work: (a, b) => ops.matmul(a!, b!) },
  {
    name: "linear with ReLU",
    inputs: [normal(3, 2), normal(2, 4), normal(4)],
    work: (x, w, b) => ops.linear(x!, w!, { bias: b!, activation: "relu" }),
  },
  { name: "einsum bij,bjk->ik", inputs: [normal(2, 3, 2), normal(2, 2, 3)], work: (a, b) => ops.einsum("bij,bjk->ik", [a!, b!]) },
  { name: "einsum ii->i", inputs: [normal(3, 3)], work: (a) => ops.einsum("ii->i", [a!]).square() },
  { name: "einsum of three", inputs: [normal(2, 3), normal(3, 2), normal(2)], work: (a, b, c) => ops.einsum("ij,jk,k->i", [a!, b!, c!]) },

  {
    name: "conv2d",
    inputs: [normal(2, 4, 5, 2), normal(3, 2, 2, 3), normal(3)],
    work: (x, w, b) => ops.conv2d(x!, w!, { bias: b!, activation: "relu" }),
  },
  {
    name: "conv2d, stride, dilation, padding",
    inputs: [normal(1, 6, 5, 2), normal(2, 3, 2, 2)],
    work: (x, w) =>
      ops.conv2d(x!, w!, {
        stride: [2, 1],
        dilation: [2, 1],
        padding: [
          [1, 2],
          [0, 1],
        ],
      }),
  },
  {
    name: "conv2d, same, groups",
    inputs: [normal(1, 4, 4, 4), normal(3, 3, 2, 4)],
    work: (x, w) => ops.conv2d(x!, w!, { padding: "same", groups: 2, stride: 2 }),
  },
  {
    name: "conv2d, depthwise",
    inputs: [normal(1, 4, 4, 3), normal(3, 3, 1, 3)],
    work: (x, w) => ops.conv2d(x!, w!, { padding: 1, groups: 3 }),
  },
  {
    name: "convTranspose2d",
    inputs: [normal(1, 3, 3, 2), normal(3, 3, 2, 2), normal(2)],
    work: (x, w, b) => ops.convTranspose2d(x!, w!, { stride: 2, padding: "same", bias: b! }),
  },
  { name: "conv1d", inputs: [normal(2, 5, 2), normal(3, 2, 2)], work: (x, w) => ops.conv1d(x!, w!, { padding: "same" }) },
  {
    name: "convTranspose1d",
    inputs: [normal(2, 3, 2), normal(3, 2, 2)],
    work: (x, w) => ops.convTranspose1d(x!, w!, { stride: 2, padding: "same" }),
  },
  { name: "conv3d", inputs: [normal(1, 3, 3, 3, 1), normal(2, 2, 2, 1, 2)], work: (x, w) => ops.conv3d(x!, w!) },
  { name: "maxPool2d", inputs: [distinct(1, 4, 5, 2)], work: (x) => ops.maxPool2d(x!.square().mul(x!), { kernelSize: 2 }) },
  {
    name: "maxPool2d, overlapping",
    inputs: [distinct(1, 5, 5, 2)],
    work: (x) => ops.maxPool2d(x!, { kernelSize: 3, stride: 2, padding: 1 }).square(),
  },
  {
    name: "averagePool2d",
    inputs: [normal(1, 5, 4, 2)],
    work: (x) =>
      ops
        .averagePool2d(x!, {
          kernelSize: [3, 2],
          stride: 2,
          padding: [
            [1, 1],
            [0, 1],
          ],
        })
        .square(),
  },
  { name: "globalAveragePool2d", inputs: [normal(2, 3, 3, 2)], work: (x) => ops.globalAveragePool2d(x!).square() },
  { name: "adaptiveAveragePool2d", inputs: [normal(1, 5, 4, 2)], work: (x) => ops.adaptiveAveragePool2d(x!, [3, 2]).square() },
  { name: "adaptiveMaxPool2d", inputs: [distinct(1, 5, 4, 2)], work: (x) => ops.adaptiveMaxPool2d(x!, [3, 2]).square() },
  { name: "unfold", inputs: [normal(1, 4, 4, 2)], work: (x) => ops.unfold(x!, { kernelSize: 2, stride: 2, padding: 1 }).square() },
  { name: "pixelShuffle", inputs: [normal(1, 2, 2, 8)], work: (x) => ops.pixelShuffle(x!, 2).square() },
  { name: "resize, bilinear", inputs: [normal(1, 3, 4, 2)], work: (x) => ops.resize(x!, { size: [5, 3] }).square() },
  { name: "resize, bicubic", inputs: [normal(1, 3, 4, 1)], work: (x) => ops.resize(x!, { size: [5, 6], mode: "bicubic" }).square() },
  { name: "resize, nearest", inputs: [normal(1, 3, 4, 1)], work: (x) => ops.resize(x!, { size: [5, 6], mode: "nearest" }).square() },

  { name: "gather", inputs: [normal(4, 3)], work: (x) => ops.gather(x!, int(2, 0, 2), { axis: 0 }).square() },
  { name: "scatterAdd", inputs: [normal(3, 2)], work: (x) => ops.scatterAdd(int(1, 1, 3), x!, { axis: 0, shape: [4, 2] }).square() },
  {
    name: "takeAlong",
    inputs: [normal(2, 4)],
    work: (x) =>
      ops
        .takeAlong(
          x!,
          ops.tensor(
            [
              [0, 0],
              [3, 1],
            ],
            { dtype: "int32" },
          ),
          { axis: 1 },
        )
        .square(),
  },
  {
    name: "scatterAlong",
    inputs: [normal(2, 2)],
    work: (x) =>
      ops
        .scatterAlong(
          ops.tensor(
            [
              [0, 0],
              [3, 1],
            ],
            { dtype: "int32" },
          ),
          x!,
          { axis: 1, length: 4 },
        )
        .square(),
  },
  { name: "embedding", inputs: [normal(4, 3)], work: (x) => ops.embedding(x!, int(2, 0, 1, 2)).square() },
  { name: "sort", inputs: [distinct(3, 4)], work: (x) => ops.sort(x!, { axis: 0, descending: true }).values.square() },
  { name: "topK", inputs: [distinct(3, 4)], work: (x) => ops.topK(x!, 2).values.square() },

  { name: "reshape", inputs: [normal(2, 6)], work: (x) => ops.reshape(x!, [3, -1]).square() },
  { name: "transpose", inputs: [normal(2, 3, 4)], work: (x) => ops.transpose(x!, [2, 0, 1]).square() },
  { name: "slice with steps", inputs: [normal(5, 6)], work: (x) => ops.slice(x!, [1, 1], { sizes: [3, 2], steps: [1, 3] }).square() },
  {
    name: "pad",
    inputs: [normal(2, 3)],
    work: (x) =>
      ops
        .pad(
          x!,
          [
            [1, 0],
            [2, 1],
          ],
          { value: 3 },
        )
        .square(),
  },
  {
    name: "pad, reflect",
    inputs: [normal(3, 4)],
    work: (x) =>
      ops
        .pad(
          x!,
          [
            [1, 2],
            [0, 3],
          ],
          { mode: "reflect" },
        )
        .square(),
  },
  { name: "concat", inputs: [normal(2, 3), normal(2, 2)], work: (a, b) => ops.concat([a!, b!, a!], { axis: 1 }).square() },
  {
    name: "stack and unstack",
    inputs: [normal(2, 3), another(2, 3)],
    work: (a, b) => ops.unstack(ops.stack([a!, b!], { axis: 1 }), { axis: 2 })[1]!.square(),
  },
  { name: "flip", inputs: [normal(2, 3)], work: (x) => ops.flip(x!, [0, 1]).square() },
  { name: "tile", inputs: [normal(2, 3)], work: (x) => ops.tile(x!, [2, 3]).square() },
  { name: "repeat", inputs: [normal(2, 3)], work: (x) => ops.repeat(x!, 2, { axis: 0 }).square() },
  { name: "broadcastTo", inputs: [normal(3, 1)], work: (x) => ops.broadcastTo(x!, [2, 3, 4]).square() },

  { name: "softmax", inputs: [normal(3, 4)], work: (x) => ops.softmax(x!) },
  { name: "softmax along the first axis", inputs: [normal(3, 4)], work: (x) => ops.softmax(x!, { axis: 0 }) },
  { name: "logSoftmax", inputs: [normal(3, 4)], work: (x) => ops.logSoftmax(x!) },
  {
    name: "softmaxCrossEntropy with an ignored row",
    inputs: [normal(3, 4)],
    work: (x) => ops.softmaxCrossEntropy(x!, int(1, -1, 3)).square(),
  },
  {
    name: "layerNorm",
    inputs: [normal(3, 5), normal(5), another(5)],
    work: (x, weight, bias) => ops.layerNorm(x!, { weight: weight!, bias: bias! }),
  },
  { name: "rmsNorm", inputs: [normal(3, 5), normal(5)], work: (x, weight) => ops.rmsNorm(x!, { weight: weight! }) },
  {
    name: "batchNorm",
    inputs: [normal(2, 3, 2, 2), normal(2), another(2)],
    work: (x, weight, bias) => ops.batchNorm(x!, { weight: weight!, bias: bias! }).y,
  },
  {
    name: "attention, causal",
    inputs: [normal(1, 2, 3, 2), normal(1, 2, 4, 2), another(1, 2, 4, 2)],
    work: (query, key, value) => ops.attention(query!, { key: key!, value: value! }, { causal: true }),
  },
  {
    name: "attention, grouped, masked",
    inputs: [normal(1, 4, 2, 2), normal(1, 2, 3, 2), another(1, 2, 3, 2)],
    work: (query, key, value) =>
      ops.attention(
        query!,
        { key: key!, value: value! },
        {
          mask: ops.tensor(
            [
              [1, 0, 1],
              [1, 1, 0],
            ],
            { dtype: "bool" },
          ),
        },
      ),
  },
  { name: "dropout", inputs: [normal(3, 4)], work: (x) => ops.dropout(x!, { rate: 0.4, rng: new Rng(3) }).square() },
  { name: "checkpoint", inputs: [normal(2, 3), normal(3, 2)], work: (a, b) => ops.checkpoint(() => ops.matmul(ops.tanh(a!), b!).square()) },
  {
    name: "customGradient",
    inputs: [normal(2, 3)],
    work: (x) => ops.customGradient([x!], { forward: () => x!.square(), backward: (g) => [g.mul(x!).mul(2)] }),
  },
];
