/** The contract of fused layer and batch normalisation: each against the formula in doubles. */

import { type FusedCheck, float32, rowSizes } from "./fused-check.ts";
import * as reference from "./references.ts";
import { floats } from "./sample.ts";

export const normalisationChecks: FusedCheck = (name, claim) => {
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
