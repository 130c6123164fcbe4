/** Layer and batch normalisation with their gradients. Ba et al. 2016, arXiv:1607.06450; Ioffe and Szegedy 2015, arXiv:1502.03167. */

import type { FusedKernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind } from "../operands.ts";
import type { Binding } from "../program.ts";
import type { Runner } from "../runner.ts";
import { columnSums } from "./column-sums.ts";
import { runRows } from "./rows.ts";

type Normalization = Pick<FusedKernels<DeviceBuffer>, "layerNorm" | "layerNormGradient" | "batchNorm" | "batchNormGradient">;

const float = (name: string, buffer: DeviceBuffer): Binding => ({ name, type: "f32", buffer });

export function normalizationKernels(runner: Runner): Normalization {
  return {
    layerNorm(x, weight, bias, { rows, length, epsilon }) {
      const y = runner.allocate(rows * length, "layerNorm");
      const mean = runner.allocate(rows, "layerNorm");
      const rstd = runner.allocate(rows, "layerNorm");
      runRows(runner, {
        name: "layerNorm",
        reads: [bind("x", x), bind("weight", weight), bind("bias", bias)],
        writes: [float("y", y), float("means", mean), float("rstds", rstd)],
        rows,
        length,
        floats: { epsilon },
        body: `
// Shifted by the first element: a sum of numbers far from zero loses what tells them apart.
let shift = x[first];
var total = 0.0;
EACH { total += x[first + k] - shift; }
let mean = sumOf(total) / f32(p.length);
var squares = 0.0;
EACH { let d = x[first + k] - shift - mean; squares += d * d; }
let rstd = 1.0 / sqrt(sumOf(squares) / f32(p.length) + p.epsilon);
EACH { y[first + k] = (x[first + k] - shift - mean) * rstd * weight[k] + bias[k]; }
if (leader) { means[row] = shift + mean; rstds[row] = rstd; }`,
      });
      return { y, mean, rstd };
    },

    layerNormGradient(g, { x, weight, mean, rstd }, { rows, length }) {
      const dx = runner.allocate(rows * length, "layerNormGradient");
      const saved = [bind("g", g), bind("x", x), bind("means", mean), bind("rstds", rstd)];
      // rstd · (h − mean(h) − x̂ · mean(h·x̂)) with h = g·weight.
      runRows(runner, {
        name: "layerNormGradient",
        reads: [...saved, bind("weight", weight)],
        writes: [float("dx", dx)],
        rows,
        length,
        body: `
let mean = means[row];
let rstd = rstds[row];
var sumH = 0.0;
var sumHX = 0.0;
EACH { let h = g[first + k] * weight[k]; sumH += h; sumHX += h * (x[first + k] - mean) * rstd; }
let meanH = sumOf(sumH) / f32(p.length);
let meanHX = sumOf(sumHX) / f32(p.length);
EACH { dx[first + k] = rstd * (g[first + k] * weight[k] - meanH - (x[first + k] - mean) * rstd * meanHX); }`,
      });
      const [dweight, dbias] = columnSums(runner, {
        name: "layerNormGradient columns",
        reads: saved,
        rows,
        columns: length,
        before: "",
        terms: "let v = g[at]; let u = v * (x[at] - means[row]) * rstds[row];",
      });
      return { dx, dweight, dbias };
    },

    batchNorm(x, weight, bias, { rows, channels, epsilon }) {
      // Shifted by the first row: far from zero, the mean of squares would lose the variance.
      const [mean, variance] = columnSums(runner, {
        name: "batchNorm",
        reads: [bind("x", x)],
        rows,
        columns: channels,
        before: "let shift = x[column];",
        terms: "let u = x[at] - shift; let v = u * u;",
        results: ["x[column] + u / f32(p.rows)", "max(0.0, v / f32(p.rows) - (u / f32(p.rows)) * (u / f32(p.rows)))"],
      });
      const y = runner.allocate(rows * channels, "batchNorm");
      runner.run({
        name: "batchNorm",
        reads: [bind("x", x), bind("weight", weight), bind("bias", bias), float("means", mean), float("variances", variance)],
        writes: [float("y", y)],
        ints: { channels },
        floats: { epsilon },
        threads: rows * channels,
        pointwise: true,
        body: () => `
let c = i % p.channels;
y[i] = (x[i] - means[c]) / sqrt(variances[c] + p.epsilon) * weight[c] + bias[c];`,
      });
      return { y, mean, variance };
    },

    batchNormGradient(g, { x, weight, mean, variance }, { rows, channels, epsilon }) {
      const saved = [bind("g", g), bind("x", x), bind("means", mean), bind("variances", variance)];
      const [dweight, dbias] = columnSums(runner, {
        name: "batchNormGradient",
        reads: saved,
        rows,
        columns: channels,
        floats: { epsilon },
        before: "let mean = means[column];\nlet rstd = 1.0 / sqrt(variances[column] + p.epsilon);",
        terms: "let v = g[at]; let u = v * (x[at] - mean) * rstd;",
      });
      const dx = runner.allocate(rows * channels, "batchNormGradient");
      runner.run({
        name: "batchNormGradient",
        reads: [...saved, bind("weight", weight), float("dweight", dweight), float("dbias", dbias)],
        writes: [float("dx", dx)],
        ints: { channels, rows },
        floats: { epsilon },
        threads: rows * channels,
        pointwise: true,
        body: () => `
let c = i % p.channels;
let rstd = 1.0 / sqrt(variances[c] + p.epsilon);
let count = f32(p.rows);
dx[i] = weight[c] * rstd * (g[i] - dbias[c] / count - (x[i] - means[c]) * rstd * dweight[c] / count);`,
      });
      return { dx, dweight, dbias };
    },
  };
}
