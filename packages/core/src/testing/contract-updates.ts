/** The contract of fused updates in place and of the sum of squares: against the formulas in doubles. */

import type { HostTensor } from "../host-tensor.ts";
import type { Tolerance } from "./closeness.ts";
import { type FusedCheck, float32 } from "./fused-check.ts";
import * as reference from "./references.ts";
import { mapFloats } from "./sample.ts";

export const updateChecks: FusedCheck = (name, claim) => {
  if (name === "sumOfSquares") {
    claim(name, "over tensors of all sizes", async ({ comparison, rng }) => {
      for (const sizes of [[1], [3, 0, 5], [1001, 7, 4], [262_147, 3], []] as const) {
        const inputs = sizes.map((size) => rng.normal([size]));
        let total = 0;
        for (const { data } of inputs) for (const value of data) total += value * value;
        await comparison.against(
          `${sizes}`,
          inputs,
          [float32([1], { absolute: 1e-6, relative: 2e-5 })],
          (device, operands) => [device.fused.sumOfSquares!(operands)],
          [[total]],
        );
      }
    });
  }
  if (name === "writeSlice") {
    claim(name, "the rows named and no other, of every dtype", async ({ comparison, rng }) => {
      for (const [outer, length, inner, start, count] of [
        [1, 5, 1, 2, 1],
        [3, 7, 5, 0, 7],
        [2, 33, 17, 30, 3],
        [4, 6, 129, 1, 4],
      ] as const) {
        for (const dtype of ["float32", "int32", "bool"] as const) {
          const sample = (shape: readonly number[]): HostTensor =>
            dtype === "float32" ? rng.normal(shape) : dtype === "int32" ? rng.integers(shape, -9, 9) : rng.bernoulli(shape, 0.5);
          const target = sample([outer, length, inner]);
          const values = sample([outer, count, inner]);
          const expected = Array.from(target.data);
          for (let o = 0; o < outer; o++) {
            for (let i = 0; i < count * inner; i++) expected[(o * length + start) * inner + i] = values.data[o * count * inner + i]!;
          }
          const none: Tolerance = { absolute: 0, relative: 0 };
          await comparison.inPlace(
            `${target.shape} ${dtype}`,
            [target, values],
            [none, none],
            [expected, values.data],
            (device, [a, b]) => {
              device.fused.writeSlice!(a!, b!, { outer, length, inner, start, count });
            },
          );
        }
      }
    });
  }
  // A handful of roundings of terms up to about five, which may cancel: 5 · 2⁻²³ = 6·10⁻⁷.
  const step: Tolerance = { absolute: 1e-6, relative: 2e-6 };
  if (name === "adamUpdate") {
    claim(name, "parameter and both moments, in place", async ({ comparison, rng }) => {
      for (const size of [0, 1, 7, 262_147]) {
        for (const weightDecay of [0, 0.1]) {
          const hyper = {
            learningRate: 1e-2,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weightDecay,
            correction1: 0.271,
            correction2: 0.002997,
          };
          const moments = [mapFloats(rng.normal([size]), (x) => x / 10), mapFloats(rng.normal([size]), (x) => x * x * 1e-3 + 1e-6)];
          const [p, g, m, v] = [rng.normal([size]), rng.normal([size]), ...moments] as [HostTensor, HostTensor, HostTensor, HostTensor];
          const [p1, m1, v1] = reference.adamOf(p.data, g.data, m.data, v.data, hyper) as [number[], number[], number[]];
          await comparison.inPlace(`${size}`, [p, g, m, v], [step, step, step, step], [p1, g.data, m1, v1], (device, [a, b, c, d]) => {
            device.fused.adamUpdate!(a!, b!, c!, d!, hyper);
          });
        }
      }
    });
  }
  if (name === "sgdUpdate") {
    claim(name, "with and without momentum, Nesterov, dampening, decay, and the first step", async ({ comparison, rng }) => {
      for (const size of [0, 1, 7, 262_147]) {
        for (const [momentum, nesterov, dampening, weightDecay, first] of [
          [0, false, 0, 0, true],
          [0, false, 0, 0.1, false],
          [0.9, false, 0, 0, true],
          [0.9, false, 0.3, 0.1, false],
          [0.9, true, 0, 0.01, true],
          [0.9, true, 0, 0.01, false],
        ] as const) {
          const hyper = { learningRate: 0.05, momentum, nesterov, dampening, weightDecay, first };
          const [p, g, u] = [rng.normal([size]), rng.normal([size]), rng.normal([size])] as [HostTensor, HostTensor, HostTensor];
          const [p1, u1] = reference.sgdOf(p.data, g.data, momentum === 0 ? undefined : u.data, hyper);
          await comparison.inPlace(`${size}`, [p, g, u], [step, step, step], [p1!, g.data, u1 ?? u.data], (device, [a, b, c]) => {
            device.fused.sgdUpdate!(a!, b!, momentum === 0 ? undefined : c!, hyper);
          });
        }
      }
    });
  }
};
