/** Softmax, its logarithm and cross-entropy, with their gradients: one launch each, rows independent. */

import type { FusedKernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind } from "../operands.ts";
import type { Runner } from "../runner.ts";
import { runRows } from "./rows.ts";

type Softmax = Pick<
  FusedKernels<DeviceBuffer>,
  "softmax" | "softmaxGradient" | "logSoftmax" | "logSoftmaxGradient" | "crossEntropy" | "crossEntropyGradient"
>;

/** The row's greatest, and the sum of exponentials below it. A NaN comes out in the sum. */
const total = `
var greatest = -infinity();
EACH { let v = x[first + k]; greatest = select(greatest, v, v > greatest); }
greatest = maxOf(greatest);
var total = 0.0;
EACH { total += exponential(x[first + k] - greatest); }
total = sumOf(total);`;

export function softmaxKernels(runner: Runner): Softmax {
  const output = (buffer: DeviceBuffer) => [{ name: "y", type: "f32" as const, buffer }];
  return {
    softmax(x, rows, length) {
      const y = runner.allocate(rows * length, "softmax");
      const body = `${total}\nEACH { y[first + k] = exponential(x[first + k] - greatest) / total; }`;
      runRows(runner, { name: "softmax", reads: [bind("x", x)], writes: output(y), rows, length, functions: ["exponential"], body });
      return y;
    },
    softmaxGradient(g, p, rows, length) {
      const y = runner.allocate(rows * length, "softmaxGradient");
      const body = `
var dot = 0.0;
EACH { dot += g[first + k] * s[first + k]; }
dot = sumOf(dot);
EACH { y[first + k] = s[first + k] * (g[first + k] - dot); }`;
      runRows(runner, { name: "softmaxGradient", reads: [bind("g", g), bind("s", p)], writes: output(y), rows, length, body });
      return y;
    },
    logSoftmax(x, rows, length) {
      const y = runner.allocate(rows * length, "logSoftmax");
      const body = `${total}\nlet below = logarithm(total);\nEACH { y[first + k] = x[first + k] - greatest - below; }`;
      runRows(runner, {
        name: "logSoftmax",
        reads: [bind("x", x)],
        writes: output(y),
        rows,
        length,
        functions: ["exponential", "logarithm"],
        body,
      });
      return y;
    },
    logSoftmaxGradient(g, logs, rows, length) {
      const y = runner.allocate(rows * length, "logSoftmaxGradient");
      const body = `
var total = 0.0;
EACH { total += g[first + k]; }
total = sumOf(total);
EACH { y[first + k] = g[first + k] - exponential(s[first + k]) * total; }`;
      runRows(runner, {
        name: "logSoftmaxGradient",
        reads: [bind("g", g), bind("s", logs)],
        writes: output(y),
        rows,
        length,
        functions: ["exponential"],
        body,
      });
      return y;
    },
    crossEntropy(x, labels, rows, length) {
      const y = runner.allocate(rows, "crossEntropy");
      const body = `${total}
if (leader) {
  let label = labels[row];
  var loss = 0.0;
  if (label >= 0 && label < p.length) { loss = logarithm(total) - (x[first + label] - greatest); }
  y[row] = loss;
}`;
      runRows(runner, {
        name: "crossEntropy",
        reads: [bind("x", x), bind("labels", labels)],
        writes: output(y),
        rows,
        length,
        functions: ["exponential", "logarithm"],
        pointwise: true,
        body,
      });
      return y;
    },
    crossEntropyGradient(g, x, labels, rows, length) {
      const y = runner.allocate(rows * length, "crossEntropyGradient");
      const body = `${total}
let label = labels[row];
let inside = label >= 0 && label < p.length;
EACH {
  let own = exponential(x[first + k] - greatest) / total - select(0.0, 1.0, k == label);
  y[first + k] = select(0.0, g[row] * own, inside);
}`;
      runRows(runner, {
        name: "crossEntropyGradient",
        reads: [bind("g", g), bind("x", x), bind("labels", labels)],
        writes: output(y),
        rows,
        length,
        functions: ["exponential"],
        body,
      });
      return y;
    },
  };
}
