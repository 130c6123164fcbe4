import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import {
  type Device,
  flatten,
  type HostTensor,
  mean,
  mul,
  openDevice,
  Rng,
  sub,
  sumOfSquares,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from "@dl/core";
import {
  BatchNorm,
  Conv2d,
  crossEntropy,
  Embedding,
  GroupNorm,
  InstanceNorm,
  inference,
  LayerNorm,
  Linear,
  Module,
  Parameter,
  Sequential,
} from "@dl/nn";
import { beforeAll, expect, test } from "vitest";
import { clippedGradients } from "./clipped-gradients.ts";
import { addGaussianNoise } from "./gaussian-noise.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu({ precision: "float64" }));
});

/** Convolutions with fused activation, rows and vectors through dense layers: every shape of the rules. */
class Images extends Module {
  readonly conv: Conv2d;
  readonly wide: Conv2d;
  readonly rows: Linear;
  readonly head: Linear;
  constructor(rng: Rng) {
    super();
    this.conv = new Conv2d({ inputs: 2, outputs: 3, kernelSize: 3, stride: 2, padding: "same", activation: "relu", rng: rng.fork("conv") });
    this.wide = new Conv2d({ inputs: 3, outputs: 4, kernelSize: [1, 2], bias: false, rng: rng.fork("wide") });
    this.rows = new Linear({ inputs: 4, outputs: 5, activation: "relu", rng: rng.fork("rows") });
    this.head = new Linear({ inputs: 4 * 3 * 5, outputs: 3, rng: rng.fork("head") });
  }
  forward(images: Tensor): Tensor {
    return this.head.forward(flatten(this.rows.forward(tanh(this.wide.forward(this.conv.forward(images))))));
  }
}

class Words extends Module {
  readonly table: Embedding;
  readonly norm: LayerNorm;
  readonly head: Linear;
  constructor(rng: Rng) {
    super();
    this.table = new Embedding({ count: 6, size: 4, paddingIndex: 0, rng: rng.fork("table") });
    this.norm = new LayerNorm({ size: 4 });
    this.head = new Linear({ inputs: 4, outputs: 3, rng: rng.fork("head") });
  }
  forward(ids: Tensor): Tensor {
    return this.head.forward(tanh(this.norm.forward(this.table.forward(ids)))).mean(1);
  }
}

/** Every normalisation that keeps examples apart, its scale and shift no longer 1 and 0. */
class Normal extends Module {
  readonly conv: Conv2d;
  readonly group: GroupNorm = new GroupNorm({ channels: 4, groups: 2 });
  readonly instance: InstanceNorm = new InstanceNorm({ channels: 4 });
  readonly whole: LayerNorm = new LayerNorm({ size: [8, 8, 4] });
  readonly head: Linear;
  constructor(rng: Rng) {
    super();
    this.conv = new Conv2d({ inputs: 2, outputs: 4, kernelSize: 3, padding: "same", rng: rng.fork("conv") });
    this.head = new Linear({ inputs: 8 * 8 * 4, outputs: 3, rng: rng.fork("head") });
    for (const norm of [this.group, this.instance, this.whole]) norm.weight.load(rng.normal(norm.weight.shape, 1, 0.5));
  }
  forward(images: Tensor): Tensor {
    const normal = this.instance.forward(tanh(this.group.forward(this.conv.forward(images))));
    return this.head.forward(flatten(this.whole.forward(tanh(normal))));
  }
}

const rng = new Rng(7);
const labels: HostTensor = { shape: [4], dtype: "int32", data: Int32Array.of(0, 2, 1, 2) };
const cases = [
  { name: "convolutions and dense layers", model: () => new Images(rng.fork("images")), x: rng.fork("x").normal([4, 8, 8, 2]) },
  { name: "group, instance and layer norms of images", model: () => new Normal(rng.fork("normal")), x: rng.fork("x").normal([4, 8, 8, 2]) },
  {
    name: "an embedding with padding and repeats, and layer norm",
    model: () => new Words(rng.fork("words")),
    x: { shape: [4, 5], dtype: "int32", data: Int32Array.of(1, 1, 2, 0, 0, 3, 4, 5, 5, 5, 2, 2, 2, 2, 2, 1, 2, 3, 4, 0) } as HostTensor,
  },
];

for (const { name, model: make, x } of cases) {
  test(`per-example norms and clipped sums equal those of examples run one by one: ${name}`, async () => {
    using model = make();
    const run = async (method: "layers" | "one by one", maxNorm: number) => {
      const { grads, norms, each } = await device.compute(() => {
        const losses = ({ x, labels }: { x: Tensor; labels: Tensor }): Tensor =>
          crossEntropy(model.forward(x), labels, { reduction: "none" });
        const found = clippedGradients(model, { x: tensor(x), labels: tensor(labels) }, { losses, maxNorm, method });
        return { grads: model.parameters().map((parameter) => found.grads.get(parameter)!), norms: found.norms, each: found.losses };
      });
      return { norms: [...(norms as HostTensor).data], values: [norms, each, ...grads].flatMap((host) => [...(host as HostTensor).data]) };
    };
    // The bound lies between the norms: some examples are clipped and some are not.
    const { norms } = await run("one by one", 1);
    const maxNorm = (Math.min(...norms) + Math.max(...norms)) / 2;
    const [fast, slow] = [await run("layers", maxNorm), await run("one by one", maxNorm)];
    expect(fast.values.length).toBe(slow.values.length);
    for (const [i, value] of fast.values.entries()) expect(value).toBeCloseTo(slow.values[i]!, 12);
  });
}

test("no example moves the sum by more than maxNorm", async () => {
  using model = new Images(rng.fork("images"));
  const maxNorm = 0.01;
  const lengths = await device.compute(() =>
    [0, 1, 2, 3].map((row) => {
      const batch = { x: tensor(cases[0]!.x).slice([row, 0, 0, 0], [1, 8, 8, 2]), labels: tensor(labels).slice([row], [1]) };
      const { grads } = clippedGradients(model, batch, {
        losses: ({ x, labels }) => crossEntropy(model.forward(x), labels, { reduction: "none" }),
        maxNorm,
      });
      return sumOfSquares([...grads.values()]);
    }),
  );
  for (const squared of lengths as unknown as number[]) expect(Math.sqrt(squared)).toBeLessThanOrEqual(maxNorm);
});

test("layers without a rule, layers run twice, and batch norm are named in the error", async () => {
  class Odd extends Module {
    readonly scale: Parameter = new Parameter({ shape: [2], dtype: "float32", data: Float32Array.of(1, 2) });
    forward(x: Tensor): Tensor {
      return mul(x, this.scale.value);
    }
  }
  const square = new Linear({ inputs: 2, outputs: 2, rng });
  class Twice extends Module {
    readonly square: Linear = square;
    forward(x: Tensor): Tensor {
      return this.square.forward(tanh(this.square.forward(x)));
    }
  }
  const attempt = (model: Module & { forward(x: Tensor, mode: typeof inference): Tensor }, method?: "one by one") =>
    device.compute(() => {
      const losses = ({ x }: { x: Tensor }): Tensor => model.forward(x, inference).sum(-1);
      return clippedGradients(
        model,
        {
          x: tensor([
            [1, 2],
            [3, 4],
          ]),
        },
        { losses, maxNorm: 1, ...(method && { method }) },
      ).norms;
    });
  await expect(attempt(new Odd())).rejects.toThrow(/got a Odd at the top/);
  await expect(attempt(new Twice())).rejects.toThrow(/got square twice/);
  await expect(attempt(new Sequential([new BatchNorm({ channels: 2 })]))).rejects.toThrow(
    /BatchNorm at layers\.0.*batch normalisation mixes/,
  );
  await expect(attempt(new Sequential([new BatchNorm({ channels: 2 })]), "one by one")).rejects.toThrow(/keep examples apart/);
  expect(((await attempt(new Odd(), "one by one")) as HostTensor).shape).toEqual([2]);
});

test("a weight in two layers has no rule: its second use would be forgotten", async () => {
  class Tied extends Module {
    readonly encode: Linear = new Linear({ inputs: 2, outputs: 2, bias: false, rng });
    readonly decode: Linear = new Linear({ inputs: 2, outputs: 2, bias: false, rng });
    constructor() {
      super();
      (this.decode as { weight: Parameter }).weight = this.encode.weight;
    }
    forward(x: Tensor): Tensor {
      return this.decode.forward(tanh(this.encode.forward(x)));
    }
  }
  using model = new Tied();
  const losses = ({ x }: { x: Tensor }): Tensor => model.forward(x).sum(-1);
  const found = device.compute(() => clippedGradients(model, { x: tensor([[1, 2]]) }, { losses, maxNorm: 1 }).norms);
  await expect(found).rejects.toThrow(/expected each weight in one layer, got one in decode that stands in a layer before/);
  const misspelt = device.compute(
    () => clippedGradients(model, { x: tensor([[1, 2]]) }, { losses, maxNorm: 1, method: "layer" as "layers" }).norms,
  );
  await expect(misspelt).rejects.toThrow(/expected method "layers" or "one by one", got "layer"/);
});

test("a gradient whose parts cancel is short, not NaN: rounding may leave its square below 0", async () => {
  await using fast = await openDevice(wasm({ threads: 1 }));
  using model = new Linear({ inputs: 64, outputs: 64, bias: false, rng });
  using table = new Embedding({ count: 3, size: 64, rng });
  const slopes = new Rng(9).normal([1, 5, 64]);
  // Five equal rows whose gradients add up to 0.
  const lossOf = (y: Tensor): Tensor => y.mul(sub(tensor(slopes), mean(tensor(slopes), 1, { keepDims: true }))).sum([1, 2]);
  const { dense, embedded } = (await fast.compute(() => {
    const x = tensor(new Rng(1).normal([8, 1, 64])).add(zeros([8, 5, 64]));
    const ids = tensor({ shape: [8, 5], dtype: "int32", data: new Int32Array(40).fill(2) });
    return {
      dense: clippedGradients(model, { x }, { maxNorm: 1, losses: ({ x }) => lossOf(model.forward(x)) }).norms,
      embedded: clippedGradients(table, { ids }, { maxNorm: 1, losses: ({ ids }) => lossOf(table.forward(ids)) }).norms,
    };
  })) as Record<string, HostTensor>;
  // Float32 sums of terms near 10⁴, and their root.
  for (const norm of [...dense!.data, ...embedded!.data]) expect(norm).toBeLessThan(0.2);
});

test("a loss that is no [B] is refused", async () => {
  using model = new Linear({ inputs: 2, outputs: 2, rng });
  const attempt = device.compute(
    () => clippedGradients(model, { x: tensor([[1, 2]]) }, { losses: ({ x }) => model.forward(x), maxNorm: 1 }).norms,
  );
  await expect(attempt).rejects.toThrow(/expected one loss an example, \[1\], got \[1, 2\]/);
});

test("the noise has mean 0 and the deviation asked for, and follows from the seed", async () => {
  using model = new Linear({ inputs: 200, outputs: 200, bias: false, rng });
  const draw = async (seed: number): Promise<HostTensor> =>
    (await device.compute(() => {
      const none = new Map([[model.weight, tensor({ shape: [200, 200], dtype: "float32", data: new Float32Array(40_000) })]]);
      return addGaussianNoise(none, { standardDeviation: 3, rng: new Rng(seed) }).get(model.weight)!;
    })) as HostTensor;
  const { data } = await draw(1);
  const values = Array.from(data);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  // Four standard errors of 40,000 draws.
  expect(Math.abs(mean)).toBeLessThan((4 * 3) / 200);
  expect(Math.abs(deviation - 3)).toBeLessThan((4 * 3) / Math.sqrt(80_000));
  expect((await draw(1)).data).toEqual(data);
  expect((await draw(2)).data).not.toEqual(data);
});
