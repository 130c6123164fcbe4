import { cpu } from "@dl/backend-cpu";
import { hostTensor, oneHot, openDevice, Rng, relu, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { Conv2d, ConvTranspose2d, Embedding, inference, Linear, type Mode, Sequential, training, WeightAverage } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { backends, decode, type Encoded, expectClose, onDevice, readFixture } from "../reference-fixture.ts";
import { SpectralNorm } from "./spectral-norm.ts";

interface NormCase {
  readonly attrs: { readonly op: string; readonly i: number; readonly o: number; readonly it: number; readonly eps: number };
  readonly weight_orig: Encoded;
  readonly bias: Encoded;
  readonly u_before: Encoded;
  readonly u_after: Encoded;
  readonly sigma: number;
  readonly x: Encoded;
  readonly output: Encoded;
  readonly cotangent: Encoded;
  readonly grads: { readonly weight_orig: Encoded; readonly bias: Encoded; readonly x: Encoded };
}

const cases = readFixture<NormCase[]>("spectral_norm.json");
const linears = cases.filter(({ attrs }) => attrs.op === "linear");
const convolutions = cases.filter(({ attrs }) => attrs.op === "conv");

describe.each(backends)("on $name", ({ open, digits }) => {
  test.each(linears)("a dense layer's output, gradients and singular vector are PyTorch's", async ({ attrs, ...example }) => {
    await onDevice(open(), async (device) => {
      using layer = new SpectralNorm(new Linear({ inputs: attrs.i, outputs: attrs.o, rng: new Rng(1) }), {
        iterations: attrs.it,
        epsilon: attrs.eps,
        rng: new Rng(2),
      });
      const { weight, bias } = layer.layer as Linear;
      const turned = (encoded: Encoded) => device.compute(() => tensor(decode(encoded)).transpose());
      weight.load(await turned(example.weight_orig));
      bias!.load(decode(example.bias));
      layer.u.load(decode(example.u_before));
      const found = await device.compute(() => {
        const x = tensor(decode(example.x));
        const { value, grads } = valueAndGrad(() => {
          const output = layer.forward(x, training(new Rng(3)));
          return { loss: output.mul(tensor(decode(example.cotangent))).sum(), output };
        }, [weight, bias!, x]);
        return { output: value.output, weight: grads.get(weight)!.transpose(), bias: grads.get(bias!)!, x: grads.get(x)! };
      });
      expectClose(found.output, example.output, { digits });
      expectClose(await layer.u.read(), example.u_after, { digits });
      expectClose(found.weight, example.grads.weight_orig, { digits, label: "by the weight" });
      expectClose(found.bias, example.grads.bias, { digits, label: "by the bias" });
      expectClose(found.x, example.grads.x, { digits, label: "by x" });
    });
  });

  test.each(convolutions)("a convolution's output, gradients and singular vector are PyTorch's", async ({ attrs, ...example }) => {
    await onDevice(open(), async (device) => {
      const [kernelSize, rows] = [example.weight_orig.shape[2]!, example.x.shape[2]!];
      // Theirs is [out, in, height, width], and images have their channels first.
      const padding = (example.output.shape[2]! - rows + kernelSize - 1) / 2;
      using layer = new SpectralNorm(new Conv2d({ inputs: attrs.i, outputs: attrs.o, kernelSize, padding, rng: new Rng(1) }), {
        iterations: attrs.it,
        epsilon: attrs.eps,
        rng: new Rng(2),
      });
      const { weight, bias } = layer.layer as Conv2d;
      weight.load(await device.compute(() => tensor(decode(example.weight_orig)).transpose([2, 3, 1, 0])));
      bias!.load(decode(example.bias));
      layer.u.load(decode(example.u_before));
      const found = await device.compute(() => {
        const x = tensor(decode(example.x)).transpose([0, 2, 3, 1]);
        const cotangent = tensor(decode(example.cotangent)).transpose([0, 2, 3, 1]);
        const { value, grads } = valueAndGrad(() => {
          const output = layer.forward(x, training(new Rng(3)));
          return { loss: output.mul(cotangent).sum(), output };
        }, [weight, bias!, x]);
        const first = (y: Tensor) => y.transpose([0, 3, 1, 2]);
        return {
          ...{ output: first(value.output), x: first(grads.get(x)!), bias: grads.get(bias!)! },
          weight: grads.get(weight)!.transpose([3, 2, 0, 1]),
        };
      });
      expectClose(found.output, example.output, { digits });
      expectClose(await layer.u.read(), example.u_after, { digits });
      expectClose(found.weight, example.grads.weight_orig, { digits, label: "by the weight" });
      expectClose(found.bias, example.grads.bias, { digits, label: "by the bias" });
      expectClose(found.x, example.grads.x, { digits, label: "by x" });
    });
  });
});

test.each([
  ["Linear", (rng: Rng) => new Linear({ inputs: 40, outputs: 30, rng })],
  ["Conv2d", (rng: Rng) => new Conv2d({ inputs: 4, outputs: 6, kernelSize: 3, rng })],
  ["ConvTranspose2d", (rng: Rng) => new ConvTranspose2d({ inputs: 5, outputs: 3, kernelSize: 4, rng })],
] as const)("%s: a new one is near what it will be, in inference too", async (_, make) => {
  await using device = await openDevice(cpu());
  using fresh = new SpectralNorm(make(new Rng(1)), { rng: new Rng(2) });
  using settled = new SpectralNorm(make(new Rng(1)), { iterations: 300, rng: new Rng(3) });
  const lengthOf = async (layer: SpectralNorm, mode: Mode) => Math.hypot(...(await device.compute(() => layer.normalized(mode))).data);
  const [early, late] = [await lengthOf(fresh, inference), await lengthOf(settled, training(new Rng(4)))];
  expect(early / late).toBeGreaterThanOrEqual(1 - 1e-5); // σ is approached from below
  expect(early / late).toBeLessThan(1.1);
});

test.each([
  ["Conv2d", (rng: Rng) => new Conv2d({ inputs: 3, outputs: 5, kernelSize: 3, rng }), [2, 6, 6, 3]],
  [
    "ConvTranspose2d",
    (rng: Rng) => new ConvTranspose2d({ inputs: 3, outputs: 5, kernelSize: 4, stride: 2, padding: 1, rng }),
    [2, 6, 6, 3],
  ],
  ["Linear", (rng: Rng) => new Linear({ inputs: 7, outputs: 4, rng }), [2, 7]],
] as const)(
  "%s: after many iterations the largest singular value is 1, and the layer is the one with the weight divided",
  async (_, make, shape) => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using normed = new SpectralNorm(make(new Rng(1)), { iterations: 300, rng: new Rng(2) });
    using plain = make(new Rng(1));
    const x = new Rng(3).normal(shape);
    const weight = await device.compute(() => normed.normalized(training(new Rng(4))));
    // Power iteration by another way: the norm of the matrix is that of its longest image.
    const outputs = (await normed.u.read()).data.length;
    const matrix = await device.compute(() => {
      const w = tensor(weight);
      return normed.layer instanceof ConvTranspose2d ? w.transpose([0, 1, 3, 2]).reshape([-1, outputs]) : w.reshape([-1, outputs]);
    });
    let vector = new Rng(5).normal([outputs]);
    let length = 0;
    for (let i = 0; i < 300; i++) {
      const image = await device.compute(() => {
        const m = tensor(matrix);
        return m
          .transpose()
          .matmul(m.matmul(tensor(vector).expandDims(1)))
          .squeeze([1]);
      });
      length = Math.hypot(...image.data);
      vector = hostTensor(
        Float64Array.from(image.data, (value) => value / length),
        [outputs],
      );
    }
    expect(Math.sqrt(length)).toBeCloseTo(1, 6);
    plain.weight.load(weight);
    const [a, b] = await device.compute(() => [normed.forward(tensor(x), inference), plain.forward(tensor(x))] as const);
    for (const [i, value] of b.data.entries()) expect(a.data[i]).toBeCloseTo(value, 10);
  },
);

test("an embedding is the dense layer of one-hot rows: the same vectors, outputs and gradients", async () => {
  await using device = await openDevice(cpu({ precision: "float64" }));
  using table = new SpectralNorm(new Embedding({ count: 4, size: 3, rng: new Rng(1) }), { rng: new Rng(2) });
  const layer = new Linear({ inputs: 4, outputs: 3, bias: false, rng: new Rng(1) });
  layer.weight.load(await table.layer.weight.read());
  using dense = new SpectralNorm(layer, { rng: new Rng(2) });
  const ids = hostTensor(Int32Array.of(2, 0, 2), [3]);
  const found = await device.compute(() =>
    [table, dense].map((normed) => {
      const { value, grads } = valueAndGrad(() => {
        const x = normed === table ? tensor(ids) : oneHot(tensor(ids), 4).cast("float32");
        const output = normed.forward(x, training(new Rng(3))); // [3, 3]
        return { loss: output.mul(tensor(new Rng(4).normal([3, 3]))).sum(), output };
      }, [normed.layer.weight]);
      return { output: value.output, grad: grads.get(normed.layer.weight)!, u: normed.u.value.mul(1), v: normed.v.value.mul(1) };
    }),
  );
  for (const name of ["output", "grad", "u", "v"] as const) {
    for (const [i, value] of found[1]![name].data.entries()) expect(found[0]![name].data[i], name).toBeCloseTo(value, 10);
  }
});

test("inference leaves the vectors as they are, and the state holds the layer's own weight", async () => {
  await using device = await openDevice(cpu());
  using layer = new SpectralNorm(new Linear({ inputs: 3, outputs: 2, rng: new Rng(1) }), { rng: new Rng(2) });
  const before = await layer.u.read();
  await device.compute(() => layer.forward(tensor([[1, 2, 3]]), inference));
  expect((await layer.u.read()).data).toEqual(before.data);
  expect([...layer.state().keys()]).toEqual(["layer.weight", "layer.bias", "u", "v"]);
  expect(layer.parameterCount).toBe(8);
});

test("a generator's averaged weights are normalised, too: the means of its singular vectors are no unit vectors", async () => {
  await using device = await openDevice(cpu());
  const rng = new Rng(1);
  using layer = new SpectralNorm(new Linear({ inputs: 8, outputs: 8, rng: rng.fork("layer") }), { rng: rng.fork("norm") });
  using average = new WeightAverage(layer, { decay: 0.9 });
  const mode = training(rng.fork("mode"));
  const turn = await layer.layer.weight.read();
  for (let step = 0; step < 40; step++) {
    // The outputs change places as the run goes on, and the singular vectors with them.
    const data = turn.data.map((_, i) => turn.data[8 * Math.floor(i / 8) + ((i + Math.floor(step / 10)) % 8)]!) as Float32Array;
    layer.layer.weight.load(hostTensor(data, [8, 8]));
    await device.compute(() => {
      layer.forward(tensor(rng.normal([1, 8])), mode);
      average.update();
    });
  }
  await device.compute(() => average.swap());
  expect(Math.hypot(...(await layer.u.read()).data)).toBeLessThan(0.95);
  const weight = await device.compute(() => layer.normalized(inference));
  layer.layer.weight.load(weight);
  using exact = new SpectralNorm(new Linear({ inputs: 8, outputs: 8, rng }), { iterations: 300, rng });
  exact.layer.weight.load(weight);
  const again = await device.compute(() => exact.normalized(training(rng)));
  // The largest singular value of what was used, by many iterations.
  const largest = weight.data[0]! / again.data[0]!;
  expect(largest).toBeGreaterThan(1 - 1e-5);
  expect(largest).toBeLessThan(1.1);
});

test("what it cannot wrap is named", () => {
  using conv = new Conv2d({ inputs: 1, outputs: 1, kernelSize: 3, activation: "relu", rng: new Rng(1) });
  expect(() => new SpectralNorm(conv, { rng: new Rng(1) })).toThrow("expected a convolution without an activation of its own");
  expect(() => new SpectralNorm(new Sequential([relu]) as never, { rng: new Rng(1) })).toThrow(
    "SpectralNorm: expected a Linear, Conv2d, ConvTranspose2d or Embedding layer, got Sequential.",
  );
});
