import {
  abs,
  any,
  argmax,
  argsort,
  atan,
  averagePool2d,
  clip,
  concat,
  convTranspose2d,
  cumsum,
  equal,
  expm1,
  flip,
  geluTanh,
  greater,
  isFinite,
  isNaN,
  log1p,
  logicalAnd,
  logSoftmax,
  max,
  maximum,
  maxPool2d,
  mean,
  min,
  modulo,
  notEqual,
  oneHot,
  pad,
  pow,
  Rng,
  range,
  reciprocal,
  repeat,
  resize,
  round,
  rsqrt,
  sign,
  silu,
  slice,
  softplus,
  split,
  std,
  sum,
  swapAxes,
  type Tensor,
  takeAlong,
  tensor,
  tile,
  topK,
  where,
} from "@dl/core";
import {
  AveragePool1d,
  BatchNorm,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  Embedding,
  Flatten,
  GlobalAveragePool2d,
  GroupNorm,
  Gru,
  inference,
  LayerNorm,
  Linear,
  Lstm,
  MaxPool1d,
  MaxPool2d,
  Module,
  MultiHeadAttention,
  Parameter,
  PRelu,
  RmsNorm,
  Rnn,
  Sequential,
} from "@dl/nn";
import { test } from "vitest";
import { checkExport } from "./export-fixture.ts";

const rng = new Rng(11);

/** Functions of one tensor, with a weight so that there is a model. */
class Ops extends Module {
  readonly weight: Parameter = new Parameter(rng.fork("weight").normal([6, 6]));
  readonly work: (x: Tensor, weight: Tensor) => Tensor | Readonly<Record<string, Tensor>>;
  constructor(work: Ops["work"]) {
    super();
    this.work = work;
  }
  forward(x: Tensor): Tensor | Readonly<Record<string, Tensor>> {
    return this.work(x, this.weight.value);
  }
}

const sequences = { x: { shape: ["batch", "time", 6] } } as const;
const sizes = [
  { batch: 1, time: 1 },
  { batch: 4, time: 9 },
];
const checkOps = async (work: Ops["work"], at = sizes): Promise<void> => {
  using model = new Ops(work);
  await checkExport(model, { inputs: sequences, forward: ({ x }) => model.forward(x), sizes: at, rng: rng.fork("inputs") });
};

test("elementwise operations", () =>
  checkOps((x, weight) => {
    const positive = abs(x).add(0.5);
    return {
      unary: x
        .exp()
        .add(expm1(x))
        .add(log1p(positive))
        .add(rsqrt(positive))
        .add(reciprocal(positive))
        .add(sign(x))
        .add(round(x.mul(3))),
      smooth: x.tanh().add(x.sigmoid()).add(silu(x)).add(geluTanh(x)).add(softplus(x)).add(atan(x)).add(x.relu()),
      binary: maximum(x, weight.slice([0, 0], [1, 6]))
        .add(pow(positive, 1.5))
        .add(modulo(x.mul(7), 3))
        .add(clip(x, -0.5, 0.5))
        .div(positive),
      chosen: where(logicalAnd(greater(x, 0), notEqual(x, 1)), x, x.mul(-2)),
      finite: where(isFinite(x.log()), x, x.mul(0)).add(where(isNaN(x.log()), x, x.square())),
      whole: x.mul(4).cast("int32").add(2).mul(3).cast("float32"),
    };
  }));

test("reductions over free and fixed axes, means that divide by a free size among them", () =>
  checkOps((x) => ({
    sums: sum(x, [1, 2])
      .add(mean(x, [1, 2]))
      .add(max(x, [1, 2]))
      .add(min(x, -1).mean(1)),
    spread: std(x.add(range(6, { dtype: "float32" })), [1, 2]),
    kept: x.sub(mean(x, 1, { keepDims: true })).add(x.square().sum(0, { keepDims: true })),
    best: argmax(x, -1).cast("float32").add(1),
    seen: any(greater(x, 0.5), -1).cast("float32").add(0.25),
    running: cumsum(x, 1).add(cumsum(x, 2, { reverse: true, exclusive: true })),
    shares: logSoftmax(x).add(logSoftmax(x, { axis: 1 })),
  })));

test("moving elements along free axes: the last token, halves, joins, repeats, flips, gathers", () =>
  checkOps((x, weight) => {
    const [batch, time] = x.shape as readonly [number, number];
    const [left, right] = split(x, 2, { axis: -1 }) as [Tensor, Tensor];
    return {
      last: slice(x, [0, time - 1, 0], { sizes: [batch, 1, 6] }).reshape([batch, 6]),
      every: slice(x, [0, 0, 1], { sizes: [batch, time, 2], steps: [1, 1, 3] }),
      joined: concat([right, left, x], { axis: 2 }).add(concat([x, x.mul(2)], { axis: 2 })),
      doubled: concat([x, x.neg()], { axis: 1 }),
      repeated: repeat(x, 2, { axis: 1 }).add(tile(x, [1, 2, 1])),
      turned: flip(x, [1, 2]).add(swapAxes(swapAxes(x, 1, 2), 1, 2)),
      padded: pad(
        x,
        [
          [0, 0],
          [2, 1],
          [0, 3],
        ],
        { value: 0.5 },
      ),
      product: x.matmul(weight).add(x.matmul(weight).matmul(weight.transpose())),
      grams: x
        .reshape([batch, time, 2, 3])
        .transpose([0, 2, 1, 3])
        .matmul(x.reshape([batch, time, 2, 3]).transpose([0, 2, 3, 1])),
      positions: x.add(range(time, { dtype: "float32" }).reshape([time, 1])).add(oneHot(range(time), 6)),
    };
  }));

test("orders and picks along an axis", () =>
  checkOps((x) => {
    const { values, indices } = topK(x, 3);
    return {
      values,
      smallest: topK(x, 2, { largest: false }).values,
      indices: indices.cast("float32").add(1),
      order: argsort(x).cast("float32").add(1),
      picked: takeAlong(x, argsort(x, { descending: true }), { axis: -1 }),
      compared: equal(indices, 2).cast("float32").add(1),
    };
  }));

test("convolutions, transposed convolutions, pools, norms and resizing over images", async () => {
  class Images extends Module {
    readonly first = new Conv2d({
      inputs: 3,
      outputs: 8,
      kernelSize: 3,
      stride: 2,
      padding: "same",
      activation: "relu",
      rng: rng.fork("first"),
    });
    readonly depthwise = new Conv2d({
      inputs: 8,
      outputs: 8,
      kernelSize: [3, 2],
      groups: 4,
      dilation: 2,
      padding: 2,
      bias: false,
      rng: rng.fork("depthwise"),
    });
    readonly norm = new BatchNorm({ channels: 8 });
    readonly groups = new GroupNorm({ channels: 8, groups: 2 });
    readonly up = new ConvTranspose2d({ inputs: 8, outputs: 4, kernelSize: 4, stride: 2, padding: 1, rng: rng.fork("up") });
    readonly kernel = new Parameter(rng.fork("kernel").normal([3, 3, 4, 4]));
    forward(images: Tensor): Record<string, Tensor> {
      const x = this.groups.forward(this.norm.forward(this.depthwise.forward(this.first.forward(images)), inference));
      const up = this.up.forward(x);
      return {
        x,
        up,
        odd: convTranspose2d(up, this.kernel.value, { stride: 3, padding: 1, outputPadding: 2 }),
        pooled: maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }).add(averagePool2d(x, { kernelSize: 3, stride: 2, padding: 1 })),
        ceiled: averagePool2d(x, { kernelSize: 2, ceil: true, countPadding: true }).add(maxPool2d(x, { kernelSize: 2, ceil: true })),
        resized: resize(x, { size: [5, 11] }),
      };
    }
  }
  using model = new Images();
  const inputs = { images: { shape: ["batch", 13, 14, 3] } } as const;
  await checkExport(model, { inputs, forward: ({ images }) => model.forward(images), sizes: [{ batch: 1 }, { batch: 3 }], rng });
});

test("a fully convolutional network takes images of any height and width", async () => {
  using model = new Sequential([
    new Conv2d({ inputs: 1, outputs: 4, kernelSize: 3, padding: 1, activation: "relu", rng: rng.fork("a") }),
    new Conv2d({ inputs: 4, outputs: 4, kernelSize: 3, rng: rng.fork("b") }),
    new GlobalAveragePool2d(),
    new Linear({ inputs: 4, outputs: 2, rng: rng.fork("c") }),
  ]);
  const inputs = { images: { shape: ["batch", "height", "width", 1] } } as const;
  const at = [
    { batch: 1, height: 5, width: 8 },
    { batch: 3, height: 16, width: 9 },
  ];
  await checkExport(model, { inputs, forward: ({ images }) => model.forward(images, inference) as Tensor, sizes: at, rng });
});

test("sequence layers: embeddings, attention, convolutions over time, norms", async () => {
  class Words extends Module {
    readonly table = new Embedding({ count: 10, size: 8, rng: rng.fork("table") });
    readonly attention = new MultiHeadAttention({ size: 8, heads: 2, rng: rng.fork("attention") });
    readonly convolution = new Conv1d({ inputs: 8, outputs: 8, kernelSize: 3, padding: "same", rng: rng.fork("convolution") });
    readonly norm = new LayerNorm({ size: 8 });
    readonly scale = new RmsNorm({ size: 8 });
    forward({ ids, mask }: { ids: Tensor; mask: Tensor }): Tensor {
      const x = this.table.forward(ids);
      const seen = mask.reshape([mask.shape[0]!, 1, 1, mask.shape[1]!]);
      const y = this.norm.forward(x.add(this.attention.forward(x, inference, { mask: seen })));
      return this.scale.forward(y.add(this.convolution.forward(y))).add(this.attention.forward(y, inference, { causal: true }));
    }
  }
  using model = new Words();
  const inputs = { ids: { shape: ["batch", "time"], dtype: "int32" }, mask: { shape: ["batch", "time"], dtype: "bool" } } as const;
  await checkExport(model, {
    inputs,
    forward: (batch) => model.forward(batch),
    sizes: [
      { batch: 1, time: 1 },
      { batch: 3, time: 12 },
    ],
    rng,
  });
});

test("layers with pools and dense heads", async () => {
  using model = new Sequential([
    new Conv2d({ inputs: 1, outputs: 4, kernelSize: 5, activation: "relu", rng: rng.fork("conv") }),
    new MaxPool2d({ kernelSize: 2 }),
    new Flatten(),
    new Linear({ inputs: 4 * 12 * 12, outputs: 10, activation: "relu", rng: rng.fork("dense") }),
  ]);
  const inputs = { images: { shape: ["batch", 28, 28, 1] } } as const;
  await checkExport(model, {
    inputs,
    forward: ({ images }) => model.forward(images, inference) as Tensor,
    sizes: [{ batch: 1 }, { batch: 5 }],
    rng,
  });
});

test("volumes; sequences pooled and made longer; slopes that are learned", async () => {
  using volume = new Sequential([
    new Conv3d({ inputs: 2, outputs: 4, kernelSize: 3, stride: [1, 2, 2], padding: 1, rng: rng.fork("conv3d") }),
    new PRelu({ channels: 4 }),
    new Conv3d({ inputs: 4, outputs: 3, kernelSize: [2, 1, 1], rng: rng.fork("deep") }),
    new Flatten(),
  ]);
  await checkExport(volume, {
    inputs: { x: { shape: ["batch", 4, 6, 6, 2] } },
    forward: ({ x }) => volume.forward(x, inference) as Tensor,
    sizes: [{ batch: 1 }, { batch: 3 }],
    rng,
  });
  using sequence = new Sequential([
    new MaxPool1d({ kernelSize: 2 }),
    new ConvTranspose1d({ inputs: 5, outputs: 4, kernelSize: 4, stride: 2, padding: 1, rng: rng.fork("longer") }),
    new AveragePool1d({ kernelSize: 3 }),
  ]);
  await checkExport(sequence, {
    inputs: { x: { shape: ["batch", 12, 5] } },
    forward: ({ x }) => sequence.forward(x, inference) as Tensor,
    sizes: [{ batch: 1 }, { batch: 3 }],
    rng,
  });
});

test("recurrent layers over sequences of any length: both directions, stacked, with first states, last states out", async () => {
  const options = { inputs: 5, size: 4, layers: 2, bidirectional: true } as const;
  const inputs = { x: { shape: ["batch", "time", 5] } } as const;
  const at = [
    { batch: 1, time: 1 },
    { batch: 3, time: 12 },
  ];
  for (const model of [
    new Lstm({ ...options, rng: rng.fork("lstm") }),
    new Gru({ ...options, rng: rng.fork("gru") }),
    new Rnn({ ...options, rng: rng.fork("rnn") }),
    new Rnn({ ...options, size: 16, activation: "relu", rng: rng.fork("relu") }),
  ]) {
    using recurrent = model;
    const forward = ({ x }: { x: Tensor }): Record<string, Tensor> => {
      const { output, states } = recurrent.forward(x, inference);
      // What one pass ends with is what another begins with.
      const again = recurrent.forward(flip(x, [1]), inference, { initial: states });
      return { output, last: states[3]![0], again: again.output, ...(states[0]![1] && { memory: states[1]![1]! }) };
    };
    await checkExport(recurrent, { inputs, forward, sizes: at, rng });
  }
});

test("recurrent layers over padded sequences: outputs and last states are those of each sequence's own length", async () => {
  const options = { inputs: 5, size: 4, layers: 2, bidirectional: true } as const;
  const inputs = { x: { shape: ["batch", 10, 5] }, lengths: { shape: ["batch"], dtype: "int32" } } as const;
  for (const model of [new Lstm({ ...options, rng: rng.fork("lstm") }), new Gru({ ...options, rng: rng.fork("gru") })]) {
    using recurrent = model;
    const forward = ({ x, lengths }: { x: Tensor; lengths: Tensor }): Record<string, Tensor> => {
      const { output, states } = recurrent.forward(x, inference, { lengths: lengths.add(tensor(1, { dtype: "int32" })) });
      const again = recurrent.forward(flip(x, [1]), inference, { initial: states });
      return { output, last: states[3]![0], again: again.output };
    };
    await checkExport(recurrent, { inputs, forward, sizes: [{ batch: 1 }, { batch: 6 }], rng });
  }
});
