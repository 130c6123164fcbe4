/** Convolutions in groups, depthwise ones among them: few products an element, so one invocation each. */

import type { ConvGeometry, Kernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind } from "../operands.ts";
import type { Runner } from "../runner.ts";
import { mathematics } from "../wgsl-mathematics.ts";
import { addParts } from "./parts.ts";
import { windowInts, windowsOf } from "./windows.ts";

type Convolution = Pick<Kernels<DeviceBuffer>, "conv2d" | "conv2dInputGradient" | "conv2dFilterGradient">;

export function groupedConvolutionKernels(runner: Runner): Convolution {
  const ints = (g: ConvGeometry): Record<string, number> => ({
    ...windowInts(g),
    channels: g.inChannels,
    outChannels: g.outChannels,
    // Of one group.
    ins: g.inChannels / g.groups,
    outs: g.outChannels / g.groups,
  });

  return {
    conv2d(x, weight, g, { bias, activation }) {
      const size = g.batch * g.outHeight * g.outWidth * g.outChannels;
      const y = runner.allocate(size, "groupedConv2d");
      runner.run({
        name: "groupedConv2d",
        variant: `${bias ? "bias" : ""} ${activation ?? ""}`,
        reads: [bind("x", x), bind("w", weight), ...(bias ? [bind("bias", bias)] : [])],
        writes: [{ name: "result", type: "f32", buffer: y }],
        ints: ints(g),
        threads: size,
        declarations: () => mathematics(["isNan"]),
        body: () => `
let channel = i % p.outChannels;
let outColumn = (i / p.outChannels) % p.outWidth;
let outRow = (i / (p.outChannels * p.outWidth)) % p.outHeight;
let image = i / (p.outChannels * p.outWidth * p.outHeight);
let first = (channel / p.outs) * p.ins;
var total = 0.0;
for (var tapRow = 0; tapRow < p.kernelHeight; tapRow++) {
  let row = outRow * p.strideHeight - p.padTop + tapRow * p.dilationHeight;
  if (row < 0 || row >= p.height) { continue; }
  for (var tapColumn = 0; tapColumn < p.kernelWidth; tapColumn++) {
    let column = outColumn * p.strideWidth - p.padLeft + tapColumn * p.dilationWidth;
    if (column < 0 || column >= p.width) { continue; }
    let at = ((image * p.height + row) * p.width + column) * p.channels + first;
    let tap = (tapRow * p.kernelWidth + tapColumn) * p.ins;
    for (var k = 0; k < p.ins; k++) { total += x[at + k] * w[(tap + k) * p.outChannels + channel]; }
  }
}
${bias ? "total += bias[channel];" : ""}
${activation === "relu" ? "total = select(max(total, 0.0), total, isNan(total));" : ""}
result[i] = total;`,
      });
      return y;
    },

    conv2dInputGradient(dy, weight, g) {
      const size = g.batch * g.height * g.width * g.inChannels;
      const dx = runner.allocate(size, "groupedConv2dInputGradient");
      runner.run({
        name: "groupedConv2dInputGradient",
        reads: [bind("dy", dy), bind("w", weight)],
        writes: [{ name: "result", type: "f32", buffer: dx }],
        ints: ints(g),
        threads: size,
        body: () => `
let within = (i % p.channels) % p.ins;
let first = ((i % p.channels) / p.ins) * p.outs;
var total = 0.0;
${windowsOf(`
    let at = ((image * p.outHeight + outRow) * p.outWidth + outColumn) * p.outChannels + first;
    let tap = ((tapRow * p.kernelWidth + tapColumn) * p.ins + within) * p.outChannels + first;
    for (var k = 0; k < p.outs; k++) { total += dy[at + k] * w[tap + k]; }`)}
result[i] = total;`,
      });
      return dx;
    },

    conv2dFilterGradient(x, dy, g) {
      const size = g.kernelHeight * g.kernelWidth * (g.inChannels / g.groups) * g.outChannels;
      const lines = g.batch * g.outHeight;
      const parts = Math.max(1, Math.min(lines, Math.ceil(4096 / Math.max(size, 1))));
      const partial = runner.allocate(size * parts, "groupedConv2dFilterGradient");
      runner.run({
        name: "groupedConv2dFilterGradient",
        reads: [bind("x", x), bind("dy", dy)],
        writes: [{ name: "result", type: "f32", buffer: partial }],
        ints: { ...ints(g), size, lines, part: Math.ceil(lines / parts) },
        threads: size * parts,
        body: () => `
let part = i / p.size;
let element = i % p.size;
let channel = element % p.outChannels;
let inChannel = (channel / p.outs) * p.ins + (element / p.outChannels) % p.ins;
let tap = element / (p.outChannels * p.ins);
let down = (tap / p.kernelWidth) * p.dilationHeight - p.padTop;
let along = (tap % p.kernelWidth) * p.dilationWidth - p.padLeft;
let last = min(p.lines, (part + 1) * p.part);
var total = 0.0;
for (var line = part * p.part; line < last; line++) {
  let row = (line % p.outHeight) * p.strideHeight + down;
  if (row < 0 || row >= p.height) { continue; }
  let at = ((line / p.outHeight) * p.height + row) * p.width;
  for (var k = 0; k < p.outWidth; k++) {
    let column = k * p.strideWidth + along;
    if (column < 0 || column >= p.width) { continue; }
    total += x[(at + column) * p.channels + inChannel] * dy[(line * p.outWidth + k) * p.outChannels + channel];
  }
}
result[i] = total;`,
      });
      return parts === 1 ? partial : addParts(runner, partial, { parts, length: size });
    },
  };
}
