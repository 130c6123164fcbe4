/** The contract of fused kernels: each against the composition it replaces, worked out in doubles. */

import type { AttentionProblem, FusedKernels } from "../backend.ts";
import type { HostTensor } from "../host-tensor.ts";
import type { Rng } from "../rng.ts";
import { sumOf, type Tolerance } from "./closeness.ts";
import type { Output } from "./comparison.ts";
import type { Claim } from "./kernel-contract.ts";
import * as reference from "./references.ts";
import { floats, ints, mapFloats, wholes } from "./sample.ts";
import { poolGeometry } from "./windows.ts";

const rowSizes: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 7],
  [0, 5],
  [5, 10],
  [33, 65],
  [2, 4099],
  [2048, 129],
];
/** Probabilities: exponentials and a sum of positive numbers. */
const probability: Tolerance = { absolute: 1e-6, relative: 1e-5 };

const float32 = (shape: readonly number[], tolerance: Tolerance): Output => ({ shape, dtype: "float32", tolerance });

function logits(rng: Rng, rows: number, length: number): HostTensor {
  return rng.normal([rows, length], 0, 3);
}

/** Labels of which some lie outside, on both sides. */
function labels(rng: Rng, rows: number, length: number): HostTensor {
  return wholes(rng, [rows], -1, length + 1);
}

type Check = (name: keyof FusedKernels<unknown>, claim: Claim) => void;

const softmaxChecks: Check = (name, claim) => {
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

const crossEntropyChecks: Check = (name, claim) => {
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

const normChecks: Check = (name, claim) => {
  if (name === "layerNorm" || name === "layerNormGradient") {
    claim(name, "rows of every length, far from zero too", async ({ comparison, rng }) => {
      for (const [rows, length] of rowSizes) {
        for (const offset of [0, 100]) {
          const problem = { rows, length, epsilon: 1e-5 };
          const x = rng.normal([rows, length], offset, 2);
          const weight = rng.normal([length], 1);
          const bias = rng.normal([length]);
          const g = rng.normal([rows, length]);
          const { forward, backward } = reference.layerNormRows(x.data, weight.data, bias.data, g.data, problem);
          // A float32 around 100 is known to 4·10⁻⁶, and the mean to no better; of one element the deviation is rounding alone, times 1/√ε.
          const tolerance = { absolute: (offset === 0 ? 2e-5 : 1e-4) * (length === 1 ? 30 : 1), relative: 2e-5 };
          const what = `${rows} of ${length} around ${offset}`;
          if (name === "layerNorm") {
            await comparison.against(
              what,
              [x, weight, bias],
              [float32([rows, length], tolerance), float32([rows], tolerance), float32([rows], { absolute: 0, relative: 1e-4 })],
              (device, [a, w, b]) => {
                const { y, mean, rstd } = device.fused.layerNorm!(a!, w!, b!, problem);
                return [y, mean, rstd];
              },
              forward,
            );
          } else if (length > 1) {
            const columns = { absolute: tolerance.absolute * Math.sqrt(rows), relative: 1e-4 };
            await comparison.against(
              what,
              [g, x, weight, floats(forward[1]!), floats(forward[2]!)],
              [
                float32([rows, length], { ...tolerance, absolute: 10 * tolerance.absolute }),
                float32([length], columns),
                float32([length], columns),
              ],
              (device, [a, b, w, mean, rstd]) => {
                const saved = { x: b!, weight: w!, mean: mean!, rstd: rstd! };
                const { dx, dweight, dbias } = device.fused.layerNormGradient!(a!, saved, { rows, length });
                return [dx, dweight, dbias];
              },
              backward,
            );
          }
        }
      }
    });
  }
  if (name === "batchNorm" || name === "batchNormGradient") {
    claim(name, "channels of every count, far from zero too", async ({ comparison, rng }) => {
      for (const [rows, channels] of [
        [2, 1],
        [7, 3],
        [64, 33],
        [4099, 2],
        [2049, 128],
      ] as const) {
        for (const offset of [0, 100]) {
          const problem = { rows, channels, epsilon: 1e-5 };
          const x = rng.normal([rows, channels], offset, 2);
          const weight = rng.normal([channels], 1);
          const bias = rng.normal([channels]);
          const g = rng.normal([rows, channels]);
          const { forward, backward } = reference.batchNormColumns(x.data, weight.data, bias.data, g.data, problem);
          const tolerance = { absolute: offset === 0 ? 5e-5 : 5e-4, relative: 1e-4 };
          const columns = { absolute: tolerance.absolute * Math.sqrt(rows), relative: 1e-4 };
          const what = `${rows} by ${channels} around ${offset}`;
          if (name === "batchNorm") {
            await comparison.against(
              what,
              [x, weight, bias],
              [float32([rows, channels], tolerance), float32([channels], tolerance), float32([channels], tolerance)],
              (device, [a, w, b]) => {
                const { y, mean, variance } = device.fused.batchNorm!(a!, w!, b!, problem);
                return [y, mean, variance];
              },
              forward,
            );
          } else {
            await comparison.against(
              what,
              [g, x, weight, floats(forward[1]!), floats(forward[2]!)],
              [
                float32([rows, channels], { ...tolerance, absolute: 10 * tolerance.absolute }),
                float32([channels], columns),
                float32([channels], columns),
              ],
              (device, [a, b, w, mean, variance]) => {
                const saved = { x: b!, weight: w!, mean: mean!, variance: variance! };
                const { dx, dweight, dbias } = device.fused.batchNormGradient!(a!, saved, problem);
                return [dx, dweight, dbias];
              },
              backward,
            );
          }
        }
      }
    });
  }
};

const attentionProblems: readonly AttentionProblem[] = [
  { batch: 1, heads: 1, keyHeads: 1, time: 1, keyTime: 1, size: 1, scale: 1, causal: false },
  { batch: 2, heads: 3, keyHeads: 3, time: 5, keyTime: 5, size: 4, scale: 0.5, causal: true },
  { batch: 2, heads: 4, keyHeads: 2, time: 3, keyTime: 7, size: 8, scale: 0.35, causal: true },
  { batch: 1, heads: 6, keyHeads: 1, time: 17, keyTime: 33, size: 5, scale: 0.4, causal: false },
  { batch: 1, heads: 2, keyHeads: 2, time: 130, keyTime: 130, size: 32, scale: 0.18, causal: true },
];

const attentionChecks: Check = (name, claim) => {
  if (name !== "attention" && name !== "attentionGradient") return;
  claim(name, "causal and not, heads shared and not, queries fewer than keys", async ({ comparison, rng }) => {
    for (const problem of attentionProblems) {
      const { batch, heads, keyHeads, time, keyTime, size } = problem;
      const queryShape = [batch, heads, time, size];
      const keyShape = [batch, keyHeads, keyTime, size];
      const query = rng.normal(queryShape);
      const key = rng.normal(keyShape);
      const value = rng.normal(keyShape);
      const g = rng.normal(queryShape);
      const { forward, backward } = reference.attentionRows(query.data, key.data, value.data, g.data, problem);
      const tolerance = { absolute: 2e-5, relative: 2e-5 };
      const sums = { absolute: 2e-5 * Math.sqrt((time * heads) / keyHeads), relative: 1e-4 };
      if (name === "attention") {
        await comparison.against(
          JSON.stringify(problem),
          [query, key, value],
          [float32(queryShape, tolerance), float32([batch, heads, time], tolerance)],
          (device, [q, k, v]) => {
            const { y, logSumExp } = device.fused.attention!(q!, k!, v!, problem);
            return [y, logSumExp];
          },
          forward,
        );
      } else {
        await comparison.against(
          JSON.stringify(problem),
          [g, query, key, value, floats(forward[0]!, queryShape), floats(forward[1]!, [batch, heads, time])],
          [float32(queryShape, sums), float32(keyShape, sums), float32(keyShape, sums)],
          (device, [dy, q, k, v, y, logSumExp]) => {
            const saved = { query: q!, key: k!, value: v!, y: y!, logSumExp: logSumExp! };
            const { dquery, dkey, dvalue } = device.fused.attentionGradient!(dy!, saved, problem);
            return [dquery, dkey, dvalue];
          },
          backward,
        );
      }
    }
  });
};

const maxPoolChecks: Check = (name, claim) => {
  if (name !== "maxPoolGradient") return;
  claim(name, "what scatterAlong gives, overlapping windows too", async ({ comparison, rng }) => {
    for (const [window, channels] of [
      [{ size: [6, 8], kernel: [2, 2], stride: [2, 2] }, 3],
      [{ size: [7, 5], kernel: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }, 17],
      [{ size: [6, 6], kernel: [3, 3] }, 4],
      [{ batch: 0, size: [4, 4], kernel: [2, 2] }, 2],
      [{ batch: 8, size: [32, 32], kernel: [2, 2], stride: [2, 2] }, 32],
    ] as const) {
      const g = poolGeometry(window, channels);
      const image = [g.batch, g.height, g.width, channels];
      const windows = [g.batch, g.outHeight, g.outWidth, channels];
      const { oracle } = comparison;
      const data = rng.normal(image).data;
      const x = { buffer: oracle.upload(data, "float32"), shape: image, dtype: "float32" } as const;
      const pooled = oracle.kernels.maxPool(x, g);
      const places = await oracle.read(pooled.indices, "int32", windows[0]! * windows[1]! * windows[2]! * channels);
      const dy = rng.normal(windows);
      const updates = { buffer: oracle.upload(dy.data, "float32"), shape: windows, dtype: "float32" } as const;
      const indices = { buffer: pooled.indices, shape: windows, dtype: "int32" } as const;
      const composed = oracle.kernels.scatterAlong(indices, updates, g.batch, g.height * g.width, channels);
      const expected = await oracle.read(composed, "float32", data.length);
      for (const buffer of [x.buffer, pooled.values, pooled.indices, updates.buffer, composed]) oracle.free(buffer);
      await comparison.against(
        JSON.stringify(g),
        [dy, { shape: windows, dtype: "int32", data: places }],
        [float32(image, sumOf(4))],
        (device, [a, at]) => [device.fused.maxPoolGradient!(a!, at!, g)],
        [expected],
      );
    }
  });
};

const updateChecks: Check = (name, claim) => {
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
  // A step adds a number of the size of the learning rate: one rounding of each of the few operations.
  const step: Tolerance = { absolute: 1e-7, relative: 2e-6 };
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

const checks = {
  softmax: softmaxChecks,
  softmaxGradient: softmaxChecks,
  logSoftmax: softmaxChecks,
  logSoftmaxGradient: softmaxChecks,
  crossEntropy: crossEntropyChecks,
  crossEntropyGradient: crossEntropyChecks,
  layerNorm: normChecks,
  layerNormGradient: normChecks,
  batchNorm: normChecks,
  batchNormGradient: normChecks,
  attention: attentionChecks,
  attentionGradient: attentionChecks,
  maxPoolGradient: maxPoolChecks,
  sumOfSquares: updateChecks,
  adamUpdate: updateChecks,
  sgdUpdate: updateChecks,
} satisfies Record<keyof FusedKernels<unknown>, Check>;

/** Registers the checks of those fused kernels that `offered` holds. */
export function fusedContract(claim: Claim, offered: Partial<FusedKernels<unknown>>): void {
  for (const [name, check] of Object.entries(checks)) {
    const kernel = name as keyof FusedKernels<unknown>;
    if (offered[kernel] !== undefined) check(kernel, claim);
  }
}
