import { LeNet, lenetMnist, ResNet, resnet20 } from "@dl/cnn";
import { hostTensor, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { ConvTranspose2d, inference, Linear, meanSquaredError, Sgd, training } from "@dl/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answers, Dense, Knot, onDevice, row } from "../compress-fixture.ts";
import { relativeDifference } from "../layers/agree.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { asTensor, torch } from "../torch-fixture.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import { affineScale, roundToEven } from "./integers.ts";
import { QuantisationAware } from "./quantisation-aware.ts";
import { quantise, quantiseWeights } from "./quantised-model.ts";
import { dequantise, quantiseWeight } from "./quantised-weight.ts";

const close = (values: ArrayLike<number>, digits = 5): unknown[] => Array.from(values, (value) => expect.closeTo(value, digits));

describe("integers", () => {
  test("halves go to the even neighbour", () => {
    expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.4999, 7].map(roundToEven)).toEqual([-2, -2, 0, 0, 2, 2, 7]);
  });

  test("scale and zero point are those of torch's observer", () => {
    const { values, scale, zeroPoint } = torch.affine;
    const ours = affineScale({ min: Math.min(...values), max: Math.max(...values) });
    expect(ours.scale).toBeCloseTo(scale, 7);
    expect(ours.zeroPoint).toBe(zeroPoint);
  });

  test("0 is an integer, whatever the range, and the range is covered to half a step", () => {
    const number = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const { scale, zeroPoint } = affineScale({ min, max });
        expect(Number.isInteger(zeroPoint)).toBe(true);
        expect(scale * (-128 - zeroPoint)).toBeLessThanOrEqual(min + scale / 2 + 1e-9);
        expect(scale * (127 - zeroPoint)).toBeGreaterThanOrEqual(max - scale / 2 - 1e-9);
      }),
    );
    expect(() => affineScale({ min: 0, max: Number.NaN })).toThrow("expected finite min ≤ max, got 0 and NaN");
  });
});

describe("weights", () => {
  test("by channel, as torch rounds them", () => {
    const { shape, values, scales, rounded } = torch.weight;
    const weight = quantiseWeight(asTensor(values, shape));
    expect([...weight.scales]).toEqual(close(scales, 7));
    expect([...dequantise(weight).data]).toEqual(close(rounded));
  });

  test("no value is off by more than half a step, for any axis, group and bits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(4 as const, 8 as const),
        (axis, group, bits) => {
          const weight = new Rng(axis * 100 + group).normal([3, 4, 5]);
          const small = quantiseWeight(weight, { axis, group, bits });
          const back = dequantise(small);
          const step = Math.max(...small.scales);
          for (let i = 0; i < 60; i++) expect(Math.abs(back.data[i]! - weight.data[i]!)).toBeLessThanOrEqual(step / 2 + 1e-6);
          expect(Math.max(...small.values.map(Math.abs))).toBe(bits === 4 ? 7 : 127);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("groups and the range of least error each lower the error of four bits", () => {
    const weight = new Rng(1).normal([64, 8]);
    const error = (options: Parameters<typeof quantiseWeight>[1]): number => {
      const back = dequantise(quantiseWeight(weight, { bits: 4, ...options }));
      return Array.from(back.data, (value, i) => (value - weight.data[i]!) ** 2).reduce((a, b) => a + b);
    };
    expect(error({ group: 16 })).toBeLessThan(0.8 * error({}));
    expect(error({ range: "mse" })).toBeLessThan(0.95 * error({}));
  });

  test("one group by hand: rows 0 and 1, then 2, of two channels", () => {
    const weight = quantiseWeight(hostTensor(Float32Array.of(7, 1, -3.5, 14, 0.7, 0), [3, 2]), { bits: 4, group: 2 });
    expect([...weight.scales]).toEqual(close([1, 2, 0.1, 2 ** -23]));
    expect([...weight.values]).toEqual([7, 0, -4, 7, 7, 0]);
  });

  test("bad weights and options", () => {
    expect(() => quantiseWeight(hostTensor(Float32Array.of(1, Number.NaN), [2, 1]))).toThrow("expected finite weights, got NaN at 1");
    expect(() => quantiseWeight(hostTensor(Float32Array.of(1), [1, 1]), { bits: 3 as never })).toThrow("expected 8 or 4 bits, got 3");
    expect(() => quantiseWeight(hostTensor(Float32Array.of(1), [1, 1]), { group: 0 })).toThrow("expected a whole group ≥ 1, got 0");
  });
});

test("folded batch normalisation changes no answer, and is gone", async () => {
  await onDevice(async (device) => {
    using knot = new Knot(new Rng(1));
    const inputs = new Rng(2).normal([3, 8, 8, 2]);
    const before = await answers(knot, inputs, device);
    const { buffers } = device.memory();
    expect(await foldBatchNorm(knot, { device, inputShape: [8, 8, 2] })).toEqual(["norm"]);
    // The norm's four are gone, and those that the layer had before.
    expect(device.memory().buffers).toBe(buffers - 4);
    // The folded weights are float32, as all weights are.
    expect(relativeDifference(await answers(knot, inputs, device), before)).toBeLessThan(1e-6);
    expect([...knot.buffers.keys()]).toEqual([]);
    using model = new ResNet({ ...resnet20, depths: [1, 1], width: 4, classes: 5, shortcut: "project", rng: new Rng(1) });
    expect(await foldBatchNorm(model, { device, inputShape: [8, 8, 3] })).toHaveLength(6);
    expect(await foldBatchNorm(model, { device, inputShape: [8, 8, 3] })).toEqual([]);
  });
});

describe("quantisation after training", () => {
  test("the answers are near, and the model comes back bit for bit", async () => {
    await onDevice(async (device) => {
      using model = new LeNet({ ...lenetMnist, rng: new Rng(1) }) as TracedModel & LeNet;
      const inputs = new Rng(2).uniform([8, 28, 28, 1]);
      const before = await answers(model, inputs, device);
      const weight = await model.conv1.weight.read();
      for (const activations of ["min-max", "percentile", "mse", "entropy"] as const) {
        const quantised = await quantise(model, { device, calibration: [inputs], activations });
        const difference = relativeDifference(await answers(quantised, inputs, device), before);
        expect(difference).toBeGreaterThan(0);
        expect(difference).toBeLessThan(0.02);
        quantised.detach();
      }
      expect((await model.conv1.weight.read()).data).toEqual(weight.data);
      expect((await answers(model, inputs, device)).data).toEqual(before.data);
    }, "fast");
  });

  test("one layer by hand: rounded inputs times rounded weights", async () => {
    await onDevice(async (device) => {
      using model = new Linear({ inputs: 2, outputs: 1, bias: false, rng: new Rng(1) });
      model.weight.load(hostTensor(Float32Array.of(1.27, 0.304), [2, 1]));
      const quantised = await quantise(model as TracedModel & Linear, { device, calibration: [row(0, 2.55)] });
      // Weights 127 and 30 hundredths; inputs in hundredths.
      const [answer] = (await answers(quantised, row(1.004, 0.5), device)).data;
      expect(answer).toBeCloseTo(1 * 1.27 + 0.5 * 0.3, 5);
      expect(() => quantised.forward(undefined as never, training(new Rng(1)))).toThrow("expected inference, got training");
    });
  });

  test("transposed convolutions have their channels on another axis", async () => {
    await onDevice(async (device) => {
      using model = new ConvTranspose2d({ inputs: 3, outputs: 2, kernelSize: 2, rng: new Rng(1) });
      const quantised = await quantiseWeights(model as TracedModel & ConvTranspose2d);
      expect(quantised.weights.get("weight")!.scales).toHaveLength(2);
      expect((await answers(quantised, new Rng(1).normal([1, 3, 3, 3]), device)).shape).toEqual([1, 4, 4, 2]);
    });
  });

  test("calibration data that is missing, or NaN, is an error", async () => {
    await onDevice(async (device) => {
      using model = new Dense(new Rng(1));
      await expect(quantise(model, { device, calibration: [] })).rejects.toThrow(
        "expected at least one batch of calibration data, got none",
      );
      await expect(quantise(model, { device, calibration: [row(1, 2, 3, Number.NaN, 5, 6)] })).rejects.toThrow(
        "expected finite activations",
      );
      class Auxiliary extends Dense {
        readonly auxiliary: Linear = new Linear({ inputs: 6, outputs: 2, rng: new Rng(1) });
      }
      using unreached = new Auxiliary(new Rng(1));
      await expect(quantise(unreached, { device, calibration: [row(1, 2, 3, 4, 5, 6)] })).rejects.toThrow(
        "expected calibration data that reaches every layer, got none at auxiliary",
      );
    });
  });
});

describe("quantisation-aware training", () => {
  const inputs = new Rng(3).normal([32, 6]);
  const targets = new Rng(4).normal([32, 3]);
  const lossOf = (model: TracedModel, mode = training(new Rng(1))): Tensor =>
    meanSquaredError(model.forward(tensor(inputs), mode), tensor(targets));

  test.each(["observed", "learned"] as const)(
    "lowers the loss of the rounded model, and the finished model computes what was trained (%s)",
    async (ranges) => {
      await onDevice(async (device) => {
        using model = new Dense(new Rng(1));
        const aware = await QuantisationAware.of(model, { device, calibration: [inputs], ranges, bits: 4 });
        using optimizer = new Sgd(aware.parameters(), { learningRate: 0.05 });
        const losses: number[] = [];
        for (let step = 0; step < 40; step++) {
          losses.push(
            (await device.compute(() => {
              const { value, grads } = valueAndGrad(() => lossOf(aware) as never, aware.parameters());
              optimizer.update(grads);
              return value;
            })) as unknown as number,
          );
        }
        expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.9);
        const trained = await device.compute(() => lossOf(aware, inference as never) as never);
        const quantised = await aware.finish();
        const finished = await device.compute(() => lossOf(quantised, inference as never) as never);
        expect(finished).toBeCloseTo(trained as unknown as number, 3);
        expect(quantised.weights.get("hidden.weight")!.bits).toBe(4);
      });
    },
  );

  test("observed ranges are torch's moving averages", async () => {
    await onDevice(async (device) => {
      using model = new Linear({ inputs: 8, outputs: 1, rng: new Rng(1) });
      const [first, ...rest] = torch.moving.batches.map((batch) => asTensor(batch, [1, 8]));
      const aware = await QuantisationAware.of(model as TracedModel & Linear, { device, calibration: [first!], momentum: 0.1 });
      for (const batch of rest) await device.compute(() => aware.forward(tensor(batch), training(new Rng(1))));
      const state = aware.state();
      expect((await state.get("inputs..min")!.read()).data[0]).toBeCloseTo(torch.moving.min, 5);
      expect((await state.get("inputs..max")!.read()).data[0]).toBeCloseTo(torch.moving.max, 5);
    });
  });
});
