import { abs, type HostTensor, hostTensor, matmul, mul, Rng, sum, type Tensor, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { Dense, onDevice, ShapeNet } from "../explain-fixture.ts";
import { targetScores } from "../target.ts";
import { gradCam } from "./grad-cam.ts";
import { guidedBackprop } from "./guided-backprop.ts";
import { inputTimesGradient } from "./input-times-gradient.ts";
import { integratedGradients } from "./integrated-gradients.ts";
import { saliency } from "./saliency.ts";
import { smoothGrad } from "./smooth-grad.ts";

const weights = [
  [3, 0],
  [-4, 1],
];
const linear = (x: Tensor): Tensor => matmul(x, tensor(weights).cast(x.dtype));
const input = (seed: number, shape: readonly number[]): HostTensor => {
  const { data } = new Rng(seed).normal(shape);
  return hostTensor(Float64Array.from(data), shape);
};
const numbers = (host: unknown): number[] => [...(host as HostTensor).data];

describe("of a linear model, by hand", () => {
  test("the gradient is the weights, input × gradient the terms", async () => {
    await onDevice(async (device) => {
      const [grads, signed, terms] = (await device.compute(() => {
        const x = tensor(hostTensor(Float64Array.of(1, 2), [1, 2]));
        return [
          saliency(x, { forward: linear, target: 0 }),
          saliency(x, { forward: linear, target: 0, signed: true }),
          inputTimesGradient(x, { forward: linear, target: 0 }),
        ];
      })) as HostTensor[];
      expect(numbers(grads)).toEqual([3, 4]);
      expect(numbers(signed)).toEqual([3, -4]);
      expect(numbers(terms)).toEqual([3, -8]);
    });
  });

  test("without a target the best-scored class is explained, each example's own", async () => {
    await onDevice(async (device) => {
      const x = hostTensor(Float64Array.of(5, 0, 0, 5), [2, 2]);
      const map = await device.compute(() => saliency(tensor(x), { forward: linear, signed: true }));
      expect(numbers(map)).toEqual([3, -4, 0, 1]);
    });
  });
});

describe("integrated gradients", () => {
  test.each([1, 2, 3])("completeness: attributions add up to score − score of the baseline (seed %i)", async (seed) => {
    await onDevice(async (device) => {
      using model = new Dense({ seed });
      const { attributed, gained } = (await device.compute(() => {
        const x = tensor(input(seed, [4, 6]));
        const baseline = tensor(input(100 + seed, [1, 6]));
        const forward = (y: Tensor): Tensor => model.forward(y);
        const score = (y: Tensor): Tensor => targetScores("test", forward(y), { target: 1 });
        return {
          attributed: sum(integratedGradients(x, { forward, target: 1, baseline, steps: 500 }), 1),
          gained: score(x).sub(score(baseline.add(x.mul(0)))),
        };
      })) as Record<string, HostTensor>;
      numbers(attributed).forEach((value, i) => {
        // The gradient of a network of ReLUs jumps; each jump within a step costs at most a step of it.
        expect(Math.abs(value - numbers(gained)[i]!)).toBeLessThan(1e-2);
      });
    });
  });

  test("exact for a square, whose gradient is linear: x² at any number of steps", async () => {
    await onDevice(async (device) => {
      const map = await device.compute(() =>
        integratedGradients(tensor(hostTensor(Float64Array.of(3, -2), [1, 2])), { forward: (x) => x.square(), target: 1, steps: 3 }),
      );
      expect(numbers(map)[1]).toBeCloseTo(4, 12);
      expect(numbers(map)[0]).toBeCloseTo(0, 12);
    });
  });

  test("an input that the score does not see gets nothing", async () => {
    await onDevice(async (device) => {
      const map = await device.compute(() => integratedGradients(tensor(input(1, [1, 2])), { forward: linear, target: 1 }));
      expect(numbers(map)[0]).toBeCloseTo(0, 12);
    });
  });
});

test("input × gradient of a ReLU network without biases is complete, and equals integrated gradients from 0", async () => {
  await onDevice(async (device) => {
    using model = new Dense({ bias: false });
    const forward = (x: Tensor): Tensor => model.forward(x);
    const { terms, integrated, scores } = (await device.compute(() => {
      const x = tensor(input(3, [2, 6]));
      return {
        terms: inputTimesGradient(x, { forward, target: 0 }),
        integrated: integratedGradients(x, { forward, target: 0, steps: 5 }),
        scores: targetScores("test", forward(x), { target: 0 }),
      };
    })) as Record<string, HostTensor>;
    const [a, b] = [numbers(terms), numbers(integrated)];
    a.forEach((value, i) => {
      expect(value).toBeCloseTo(b[i]!, 10);
    });
    expect(a.slice(0, 6).reduce((x, y) => x + y)).toBeCloseTo(numbers(scores)[0]!, 10);
  });
});

test("SmoothGrad without noise is the map itself; of a linear model it is with noise too; squares are squares", async () => {
  await onDevice(async (device) => {
    const attribute = (x: Tensor): Tensor => saliency(x, { forward: linear, target: 0, signed: true });
    const [still, noisy, squared] = (await device.compute(() => {
      const x = tensor(input(1, [1, 2]));
      const rng = new Rng(1);
      return [
        smoothGrad(x, { attribute, standardDeviation: 0, rng }),
        smoothGrad(x, { attribute, standardDeviation: 3, samples: 4, rng }),
        smoothGrad(x, { attribute, standardDeviation: 3, samples: 4, squared: true, rng }),
      ];
    })) as HostTensor[];
    expect(numbers(still)).toEqual([3, -4]);
    expect(numbers(noisy)).toEqual([3, -4]);
    expect(numbers(squared)).toEqual([9, 16]);
  });
});

test("guided backpropagation lets nothing negative through: it is the product of the positive parts", async () => {
  await onDevice(async (device) => {
    using model = new Dense({ bias: false });
    const { guided, byHand } = (await device.compute(() => {
      const x = abs(tensor(input(1, [1, 6])));
      const active = matmul(x, model.hidden.weight.value).greater(0).cast(x.dtype);
      const fromAbove = model.head.weight.value.slice([0, 2], [8, 1]).reshape([1, 8]).relu();
      return {
        guided: guidedBackprop(x, { forward: (y) => model.forward(y), target: 2 }),
        byHand: matmul(mul(fromAbove, active), model.hidden.weight.value, { transposeB: true }),
      };
    })) as Record<string, HostTensor>;
    numbers(guided).forEach((value, i) => {
      expect(value).toBeCloseTo(numbers(byHand)[i]!, 12);
    });
  });
});

describe("Grad-CAM", () => {
  test("with an average and a dense layer above, it is the class activation map of Zhou et al. 2016", async () => {
    await onDevice(async (device) => {
      using model = new ShapeNet(new Rng(2));
      const { map, byHand, left } = (await device.compute(() => {
        const images = tensor(input(1, [2, 16, 16, 1]));
        const map = gradCam(images, { model, layer: "conv3", forward: (x) => model.forward(x), target: 1 });
        const activations = model.conv3.forward(model.conv2.forward(model.conv1.forward(images))); // [2, 16, 16, 16]
        const cam = matmul(activations, model.head.weight.value.slice([0, 1], [16, 1])).squeeze(3);
        return { map, byHand: cam.div(256).relu(), left: model.forward(images) };
      })) as Record<string, HostTensor>;
      expect(map!.shape).toEqual([2, 16, 16]);
      numbers(map).forEach((value, i) => {
        expect(value).toBeCloseTo(numbers(byHand)[i]!, 10);
      });
      // The layer is as it was.
      expect(numbers(left).every(Number.isFinite)).toBe(true);
    });
  });

  test("++ weighs channels of positive gradient only, and is finite where gradients are 0", async () => {
    await onDevice(async (device) => {
      using model = new ShapeNet(new Rng(2));
      const options = { model, layer: model.conv2, forward: (x: Tensor) => model.forward(x), target: 0, method: "grad-cam++" } as const;
      const map = await device.compute(() => gradCam(tensor(input(1, [1, 16, 16, 1])), options));
      expect(numbers(map).every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
    });
  });

  test("a layer that is not there, or has no picture, is an error that names those that are", async () => {
    await onDevice(async (device) => {
      using model = new ShapeNet(new Rng(2));
      const cam = (layer: string) => () =>
        device.compute(() => gradCam(tensor(input(1, [1, 16, 16, 1])), { model, layer, forward: (x) => model.forward(x) }));
      const wrong = { model, layer: "conv3", forward: (x: Tensor) => model.forward(x), method: "gradcam" as "grad-cam" };
      await expect(device.compute(() => gradCam(tensor(input(1, [1, 16, 16, 1])), wrong))).rejects.toThrow(
        "expected method grad-cam or grad-cam++, got gradcam",
      );
      await expect(cam("conv9")).rejects.toThrow('expected a layer of the model (conv1, conv2, conv3, head), got "conv9"');
      await expect(cam("head")).rejects.toThrow("expected a layer with images [B, h, w, C] out, got [1, 4]");
    });
  });
});

test("what does not fit is an error", async () => {
  await onDevice(async (device) => {
    const x = (): Tensor => tensor(hostTensor(Float64Array.of(1, 2), [1, 2]));
    const run = (work: () => Tensor) => device.compute(() => work());
    await expect(run(() => saliency(x(), { forward: linear, target: 2 }))).rejects.toThrow("expected targets from 0 to 1, got 2");
    for (const target of [[Number.NaN], [0.7], 0.7]) {
      await expect(run(() => saliency(x(), { forward: linear, target }))).rejects.toThrow("expected targets from 0 to 1, got");
    }
    await expect(run(() => saliency(x(), { forward: linear, target: [0, 1] }))).rejects.toThrow("a target for each of 1 examples, got 2");
    await expect(run(() => saliency(x(), { forward: (y) => sum(y) }))).rejects.toThrow("expected scores [B, classes] of the model, got []");
    await expect(run(() => saliency(tensor(Int32Array.of(1)), { forward: linear }))).rejects.toThrow("expected float inputs, got int32");
    await expect(run(() => integratedGradients(x(), { forward: linear, steps: 0 }))).rejects.toThrow("at least 1 step, got 0");
    const column = (): Tensor => tensor(hostTensor(Float64Array.of(1, 2), [2, 1]));
    await expect(run(() => integratedGradients(x(), { forward: linear, baseline: column() }))).rejects.toThrow(
      "a baseline of the inputs' shape [1, 2], or one that broadcasts to it, got [2, 1]",
    );
    await expect(run(() => smoothGrad(x(), { attribute: linear, standardDeviation: -1, rng: new Rng(1) }))).rejects.toThrow("got -1");
  });
});
