import { LeNet, lenetMnist } from "@dl/cnn";
import { hostTensor, Rng } from "@dl/core";
import { Conv2d, Linear, Sequential } from "@dl/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answers, onDevice } from "../compress-fixture.ts";
import { relativeDifference } from "../layers/agree.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { torch } from "../torch-fixture.ts";
import { factorise } from "./factorise.ts";
import { singularValues } from "./singular-values.ts";

describe("singular values", () => {
  test("are torch's", () => {
    const { shape, values, singular } = torch.singular;
    const [rows, columns] = shape as readonly [number, number];
    expect([...singularValues(values, { rows, columns }).values]).toEqual(singular.map((value) => expect.closeTo(value, 10)));
  });

  test("the product is the matrix, and vectors are orthonormal, tall or wide, of full rank or not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), fc.nat(), (rows, columns, seed) => {
        const matrix = new Rng(seed).normal([rows, columns]).data;
        // A row twice: one value is 0 where the matrix is square.
        if (rows > 1) matrix.copyWithin(columns, 0, columns);
        const { u, values, v } = singularValues(matrix, { rows, columns });
        const k = Math.min(rows, columns);
        expect(values).toHaveLength(k);
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            let sum = 0;
            for (let i = 0; i < k; i++) sum += u[row * k + i]! * values[i]! * v[column * k + i]!;
            expect(sum).toBeCloseTo(matrix[row * columns + column]!, 9);
          }
        }
        for (let i = 1; i < k; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1]!);
      }),
      { numRuns: 60 },
    );
    expect(() => singularValues([1, Number.NaN], { rows: 2, columns: 1 })).toThrow("expected finite numbers");
  });
});

describe("factorise", () => {
  const dense = (inputs: number, outputs: number): Linear => new Linear({ inputs, outputs, activation: "relu", rng: new Rng(1) });

  test("a layer that has a low rank keeps its answers", async () => {
    await onDevice(async (device) => {
      using model = new Sequential([dense(8, 8)]);
      const [a, b] = [new Rng(2).normal([8, 2]).data, new Rng(3).normal([2, 8]).data];
      const product = Float32Array.from(
        { length: 64 },
        (_, i) => a[Math.floor(i / 8) * 2]! * b[i % 8]! + a[Math.floor(i / 8) * 2 + 1]! * b[8 + (i % 8)]!,
      );
      (model.layers[0] as Linear).weight.load(hostTensor(product, [8, 8]));
      const inputs = new Rng(4).normal([5, 8]);
      const before = await answers(model, inputs, device);
      const [layer] = await factorise(model, { energy: 0.9999999 });
      expect(layer).toEqual({ path: "layers.0", rank: 2, before: 64, after: 32, error: expect.closeTo(0, 6) });
      expect(relativeDifference(await answers(model, inputs, device), before)).toBeLessThan(1e-5);
      expect([...model.state().keys()]).toEqual(["layers.0.first.weight", "layers.0.second.weight", "layers.0.second.bias"]);
    });
  });

  test("a convolution with stride and padding, at full energy, keeps its answers", async () => {
    await onDevice(async (device) => {
      using model = new Sequential([
        new Conv2d({ inputs: 3, outputs: 16, kernelSize: 3, stride: 2, padding: 1, activation: "relu", rng: new Rng(1) }),
      ]);
      const conv = model.layers[0] as Conv2d;
      // Twelve of its sixteen channels are sums of the other four.
      const { data } = await conv.weight.read();
      for (let i = 0; i < data.length; i++) if (i % 16 >= 4) data[i] = data[i - (i % 16) + (i % 4)]! * ((i % 16) - 1);
      conv.weight.load(hostTensor(data, conv.weight.shape));
      const inputs = new Rng(4).normal([2, 7, 7, 3]);
      const before = await answers(model, inputs, device);
      const [layer] = await factorise(model, { energy: 1 - 1e-9 });
      expect(layer!.rank).toBe(4);
      expect(relativeDifference(await answers(model, inputs, device), before)).toBeLessThan(1e-5);
    });
  });

  test("the error is what the dropped values say, and the parameters are counted", async () => {
    using model = new LeNet({ ...lenetMnist, rng: new Rng(1) }) as TracedModel & LeNet;
    const before = model.parameterCount;
    const layers = await factorise(model, { share: 0.5 });
    const saved = layers.reduce((sum, layer) => sum + layer.before - layer.after, 0);
    expect(before - model.parameterCount).toBe(saved);
    expect(layers.find(({ path }) => path === "fc1")!.after).toBeLessThanOrEqual(0.5 * 48_000);
    expect(layers.find(({ path }) => path === "fc1")!.error).toBeGreaterThan(0.1);
  });

  test("a layer that would grow stays, and bad questions are errors", async () => {
    using model = new Sequential([dense(4, 4)]);
    expect(await factorise(model, { rank: 4 })).toEqual([{ path: "layers.0", rank: undefined, before: 16, after: 16, error: 0 }]);
    await expect(factorise(model, { rank: 0 })).rejects.toThrow("expected a whole rank ≥ 1, got 0");
    await expect(factorise(model, { energy: 1.5 })).rejects.toThrow("expected an energy above 0 and up to 1, got 1.5");
    await expect(factorise(model, { share: 1 })).rejects.toThrow("expected a share between 0 and 1, got 1");
    await expect(factorise(model, { rank: 1, layers: ["fc"] })).rejects.toThrow('got "fc"');
    await expect(factorise(model, { energi: 0.9 } as never)).rejects.toThrow("expected one of rank, energy and share, got energi");
    await expect(factorise(model, { rank: 2, energy: 0.9 })).rejects.toThrow("got rank, energy");
  });

  test("a layer of zeros loses nothing", async () => {
    using model = new Sequential([dense(4, 4)]);
    (model.layers[0] as Linear).weight.load(hostTensor(new Float32Array(16), [4, 4]));
    expect(await factorise(model, { energy: 0.9 })).toEqual([{ path: "layers.0", rank: 1, before: 16, after: 8, error: 0 }]);
  });
});
