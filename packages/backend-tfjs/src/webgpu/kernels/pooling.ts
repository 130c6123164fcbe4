/** Pooling: one invocation a window, and for the gradients one a pixel, which asks the windows that see it. */

import type { FusedKernels, Kernels, PoolGeometry } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind } from "../operands.ts";
import type { Runner } from "../runner.ts";
import { mathematics } from "../wgsl-mathematics.ts";
import { windowInts, windowsOf } from "./windows.ts";

type Pooling = Pick<Kernels<DeviceBuffer>, "maxPool" | "averagePool" | "averagePoolGradient"> &
  Pick<FusedKernels<DeviceBuffer>, "maxPoolGradient">;

const windowsSize = (g: PoolGeometry): number => g.batch * g.outHeight * g.outWidth * g.channels;
const imageSize = (g: PoolGeometry): number => g.batch * g.height * g.width * g.channels;

/** From the index of a window's element: its channel, image and first tap. */
const place = `
let channel = i % p.channels;
let outColumn = (i / p.channels) % p.outWidth;
let outRow = (i / (p.channels * p.outWidth)) % p.outHeight;
let image = i / (p.channels * p.outWidth * p.outHeight);
let top = outRow * p.strideHeight - p.padTop;
let left = outColumn * p.strideWidth - p.padLeft;`;

/** Every tap of the window that lies in the image. */
const taps = (work: string): string => `
for (var tapRow = 0; tapRow < p.kernelHeight; tapRow++) {
  let row = top + tapRow * p.dilationHeight;
  if (row < 0 || row >= p.height) { continue; }
  for (var tapColumn = 0; tapColumn < p.kernelWidth; tapColumn++) {
    let column = left + tapColumn * p.dilationWidth;
    if (column < 0 || column >= p.width) { continue; }
    ${work}
  }
}`;

export function poolingKernels(runner: Runner): Pooling {
  const ints = (g: PoolGeometry): Record<string, number> => ({ ...windowInts(g), channels: g.channels });

  return {
    maxPool(x, g) {
      const size = windowsSize(g);
      const values = runner.allocate(size, "maxPool");
      const indices = runner.allocate(size, "maxPool");
      runner.run({
        name: "maxPool",
        reads: [bind("x", x)],
        writes: [
          { name: "values", type: "f32", buffer: values },
          { name: "indices", type: "i32", buffer: indices },
        ],
        ints: ints(g),
        threads: size,
        pointwise: true,
        declarations: () => mathematics(["isNan", "constants"]),
        body: () => `${place}
var best = -infinity();
var found = -1;
${taps(`
    let v = x[((image * p.height + row) * p.width + column) * p.channels + channel];
    if (found < 0 || (isNan(v) && !isNan(best)) || (!isNan(best) && v > best)) { best = v; found = row * p.width + column; }`)}
values[i] = best;
indices[i] = found;`,
      });
      return { values, indices };
    },

    maxPoolGradient(dy, indices, g) {
      const size = imageSize(g);
      const dx = runner.allocate(size, "maxPoolGradient");
      runner.run({
        name: "maxPoolGradient",
        reads: [bind("dy", dy), bind("indices", indices)],
        writes: [{ name: "dx", type: "f32", buffer: dx }],
        ints: ints(g),
        threads: size,
        pointwise: true,
        body: () => `
var total = 0.0;
${windowsOf(`
      let at = ((image * p.outHeight + outRow) * p.outWidth + outColumn) * p.channels + channel;
      if (indices[at] == row * p.width + column) { total += dy[at]; }`)}
dx[i] = total;`,
      });
      return dx;
    },

    averagePool(x, g, countPadding) {
      const size = windowsSize(g);
      const y = runner.allocate(size, "averagePool");
      runner.run({
        name: "averagePool",
        variant: `${countPadding}`,
        reads: [bind("x", x)],
        writes: [{ name: "result", type: "f32", buffer: y }],
        ints: ints(g),
        threads: size,
        pointwise: true,
        body: () => `${place}
var total = 0.0;
var count = 0;
${taps("total += x[((image * p.height + row) * p.width + column) * p.channels + channel]; count++;")}
result[i] = total / f32(${countPadding ? "p.kernelHeight * p.kernelWidth" : "count"});`,
      });
      return y;
    },

    averagePoolGradient(dy, g, countPadding) {
      const size = imageSize(g);
      const dx = runner.allocate(size, "averagePoolGradient");
      runner.run({
        name: "averagePoolGradient",
        variant: `${countPadding}`,
        reads: [bind("dy", dy)],
        writes: [{ name: "dx", type: "f32", buffer: dx }],
        ints: ints(g),
        threads: size,
        pointwise: true,
        declarations: () => [
          `
fn seen(first: i32, dilation: i32, taps: i32, length: i32) -> i32 {
  var count = 0;
  for (var tap = 0; tap < taps; tap++) { let at = first + tap * dilation; if (at >= 0 && at < length) { count++; } }
  return count;
}`,
        ],
        body: () => `
var total = 0.0;
${windowsOf(`
      let at = ((image * p.outHeight + outRow) * p.outWidth + outColumn) * p.channels + channel;
      ${
        countPadding
          ? "let count = p.kernelHeight * p.kernelWidth;"
          : `let count = seen(outRow * p.strideHeight - p.padTop, p.dilationHeight, p.kernelHeight, p.height)
        * seen(outColumn * p.strideWidth - p.padLeft, p.dilationWidth, p.kernelWidth, p.width);`
      }
      total += dy[at] / f32(count);`)}
dx[i] = total;`,
      });
      return dx;
    },
  };
}
