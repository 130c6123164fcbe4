/** The contract of fused softmax and cross-entropy: each against the formula in doubles. */

import type { HostTensor } from "../host-tensor.ts";
import type { Rng } from "../rng.ts";
import { sumOf, type Tolerance } from "./closeness.ts";
import { type FusedCheck, float32, rowSizes } from "./fused-check.ts";
import * as reference from "./references.ts";
import { floats, ints, mapFloats, wholes } from "./sample.ts";

/** Probabilities: exponentials and a sum of positive numbers. */
const probability: Tolerance = { absolute: 1e-6, relative: 1e-5 };

function logits(rng: Rng, rows: number, length: number): HostTensor {
  return rng.normal([rows, length], 0, 3);
}

/** Labels of which some lie outside, on both sides. */
function labels(rng: Rng, rows: number, length: number): HostTensor {
  return wholes(rng, [rows], -1, length + 1);
}

export const softmaxChecks: FusedCheck = (name, claim) => {
  if (name === "softmax" || name === "logSoftmax") {
    const of = name === "softmax" ? reference.softmaxRows : reference.logSoftmaxRows;
    claim(name, "rows of every length, moderate and huge numbers", async ({ comparison, rng }) => {
      for (const [rows, length] of rowSizes) {
        for (const scale of [1, 1e4]) {
          const x = mapFloats(logits(rng, rows, length), (value) => value * scale);
          const tolerance = name === "softmax" ? probability : { absolute: 1e-5, relative: 1e-6 };
          await comparison.against(
            `${rows} of ${length}, scale ${scale}`,
            [x],
            [float32([rows, length], tolerance)],
            (device, [a]) => [device.fused[name]!(a!, rows, length)],
            [of(x.data, rows, length)],
          );
        }
      }
    });
    claim(name, "a NaN spoils its row and no other; −∞ has no share", async ({ comparison }) => {
      const x = floats([1, NaN, 2, 1, 2, 3, -Infinity, 0, 0], [3, 3]);
      const expected = of(x.data, 3, 3);
      expected[0] = expected[1] = expected[2] = NaN;
      await comparison.against("NaN", [x], [float32([3, 3], probability)], (device, [a]) => [device.fused[name]!(a!, 3, 3)], [expected]);
    });
  }
  if (name === "softmaxGradient" || name === "logSoftmaxGradient") {
    const forward = name === "softmaxGradient" ? reference.softmaxRows : reference.logSoftmaxRows;
    const of = name === "softmaxGradient" ? reference.softmaxGradientRows : reference.logSoftmaxGradientRows;
    claim(name, "rows of every length", async ({ comparison, rng }) => {
      for (const [rows, length] of rowSizes) {
        const y = floats(forward(logits(rng, rows, length).data, rows, length), [rows, length]);
        const g = rng.normal([rows, length]);
        await comparison.against(
          `${rows} of ${length}`,
          [g, y],
          [float32([rows, length], sumOf(length))],
          (device, [a, b]) => [device.fused[name]!(a!, b!, rows, length)],
          [of(g.data, y.data, rows, length)],
        );
      }
    });
  }
};

export const crossEntropyChecks: FusedCheck = (name, claim) => {
  if (name === "crossEntropy") {
    claim(name, "rows of every length; a label outside costs nothing", async ({ comparison, rng }) => {
      for (const [rows, length] of rowSizes) {
        const inputs = [logits(rng, rows, length), labels(rng, rows, length)];
        await comparison.against(
          `${rows} of ${length}`,
          inputs,
          [float32([rows], { absolute: 1e-5, relative: 1e-5 })],
          (device, [x, y]) => [device.fused.crossEntropy!(x!, y!, rows, length)],
          [reference.crossEntropyRows(inputs[0]!.data, inputs[1]!.data, rows, length)],
        );
      }
    });
    claim(name, "huge logits overflow nothing, NaN stays in its row", async ({ comparison }) => {
      await comparison.against(
        "huge",
        [floats([1e4, 0, -1e4, NaN, 0, 0, 0, 0, 0], [3, 3]), ints([1, 2, 0])],
        [float32([3], { absolute: 1e-6, relative: 1e-6 })],
        (device, [x, y]) => [device.fused.crossEntropy!(x!, y!, 3, 3)],
        [[1e4, NaN, Math.log(3)]],
      );
    });
    claim(name, "a small loss is not rounded away by large logits", async ({ comparison }) => {
      await comparison.against(
        "small",
        [floats([1e4, 1e4, 20, 9, -300, -301], [3, 2]), ints([0, 0, 0])],
        // Of 1 + e⁻¹¹ a float32 keeps so much.
        [float32([3], { absolute: 0, relative: 5e-3 })],
        (device, [x, y]) => [device.fused.crossEntropy!(x!, y!, 3, 2)],
        [[Math.log(2), Math.log1p(Math.exp(-11)), Math.log1p(Math.exp(-1))]],
      );
      await comparison.against(
        "equal",
        [floats([1e4, 1e4, -300, -301], [2, 2]), ints([0, 0])],
        [float32([2], { absolute: 0, relative: 1e-6 })],
        (device, [x, y]) => [device.fused.crossEntropy!(x!, y!, 2, 2)],
        [[Math.log(2), Math.log1p(Math.exp(-1))]],
      );
    });
  }
  if (name === "crossEntropyGradient") {
    claim(name, "rows of every length; a label outside gives zeros", async ({ comparison, rng }) => {
      for (const [rows, length] of rowSizes) {
        const inputs = [rng.normal([rows]), logits(rng, rows, length), labels(rng, rows, length)];
        const [g, x, y] = inputs as [HostTensor, HostTensor, HostTensor];
        await comparison.against(
          `${rows} of ${length}`,
          inputs,
          [float32([rows, length], probability)],
          (device, [a, b, c]) => [device.fused.crossEntropyGradient!(a!, b!, c!, rows, length)],
          [reference.crossEntropyGradientRows(g.data, x.data, y.data, rows, length)],
        );
      }
    });
  }
};
