/** Convolutions and their gradients as products over windows: nothing is unfolded, rows of the product find their pixels. */

import type { ConvGeometry, Kernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind } from "../operands.ts";
import type { Runner } from "../runner.ts";
import { groupedConvolutionKernels } from "./grouped-convolution.ts";
import { addParts } from "./parts.ts";
import { columnsOfTile, fourColumns, runProduct } from "./product.ts";
import { windowInts } from "./windows.ts";

type Convolution = Pick<Kernels<DeviceBuffer>, "conv2d" | "conv2dInputGradient" | "conv2dFilterGradient">;

/** Whether every window lies in the image whole. */
function isInside(g: ConvGeometry): boolean {
  const { padTop, padLeft, outHeight, outWidth, strideHeight, strideWidth, kernelHeight, kernelWidth, dilationHeight, dilationWidth } = g;
  const bottom = (outHeight - 1) * strideHeight - padTop + (kernelHeight - 1) * dilationHeight;
  const right = (outWidth - 1) * strideWidth - padLeft + (kernelWidth - 1) * dilationWidth;
  return padTop === 0 && padLeft === 0 && bottom < g.height && right < g.width;
}

const each = (rows: number, line: (i: number) => string): string => Array.from({ length: rows }, (_, i) => line(i)).join("\n");

export function convolutionKernels(runner: Runner): Convolution {
  const grouped = groupedConvolutionKernels(runner);
  const ints = (g: ConvGeometry): Record<string, number> => ({ ...windowInts(g), inChannels: g.inChannels, outChannels: g.outChannels });

  return {
    conv2d(x, weight, g, epilogue) {
      if (g.groups > 1) return grouped.conv2d(x, weight, g, epilogue);
      const inside = isInside(g);
      const depth = g.inChannels % 4 === 0 ? 4 : 1;
      const bFour = g.outChannels % 4 === 0;
      return runProduct(runner, {
        name: "conv2d",
        variant: `${inside} ${depth} ${bFour}`,
        rows: g.batch * g.outHeight * g.outWidth,
        columns: g.outChannels,
        count: 1,
        reads: [bind("x", x, depth === 4 ? "vec4f" : "f32"), bind("w", weight, bFour ? "vec4f" : "f32")],
        ints: ints(g),
        setup: (rows) =>
          each(
            rows,
            (i) => `
let top${i} = ((row${i} / p.outWidth) % p.outHeight) * p.strideHeight - p.padTop;
let left${i} = (row${i} % p.outWidth) * p.strideWidth - p.padLeft;
let image${i} = (row${i} / (p.outWidth * p.outHeight)) * p.height;`,
          ),
        loop: (step, rows) => `
var tap = 0;
for (var tapRow = 0; tapRow < p.kernelHeight; tapRow++) {
  for (var tapColumn = 0; tapColumn < p.kernelWidth; tapColumn++) {
    ${each(
      rows,
      (i) => `
    let h${i} = top${i} + tapRow * p.dilationHeight;
    let v${i} = left${i} + tapColumn * p.dilationWidth;
    ${inside ? "" : `let ok${i} = h${i} >= 0 && h${i} < p.height && v${i} >= 0 && v${i} < p.width;`}
    let at${i} = ${inside ? "" : "select(0, "}((image${i} + h${i}) * p.width + v${i}) * p.inChannels${inside ? "" : `, ok${i})`};`,
    )}
    for (var s = 0; s < p.inChannels; s += ${depth}) {
      ${step({
        depth,
        before: each(rows, (i) => {
          const load = depth === 4 ? `x[(at${i} + s) / 4]` : `x[at${i} + s]`;
          return `let a${i} = ${inside ? load : `select(${depth === 4 ? "vec4<f32>()" : "0.0"}, ${load}, ok${i})`};`;
        }),
        left: (i, q) => (depth === 4 ? `a${i}[${q}]` : `a${i}`),
        right: (q) => fourColumns("w", `(tap * p.inChannels + s + ${q}) * p.outChannels`, { columns: "p.outChannels", aligned: bFour }),
      })}
    }
    tap++;
  }
}`,
        epilogue,
      });
    },

    conv2dInputGradient(dy, weight, g) {
      if (g.groups > 1) return grouped.conv2dInputGradient(dy, weight, g);
      const depth = g.outChannels % 4 === 0 ? 4 : 1;
      const type = depth === 4 ? "vec4f" : "f32";
      return runProduct(runner, {
        name: "conv2dInputGradient",
        variant: `${depth}`,
        rows: g.batch * g.height * g.width,
        columns: g.inChannels,
        count: 1,
        reads: [bind("dy", dy, type), bind("w", weight, type)],
        ints: ints(g),
        setup: (rows) =>
          each(
            rows,
            (i) => `
let h${i} = (row${i} / p.width) % p.height + p.padTop;
let v${i} = row${i} % p.width + p.padLeft;
let image${i} = (row${i} / (p.width * p.height)) * p.outHeight;`,
          ),
        loop: (step, rows) => `
var tap = 0;
for (var tapRow = 0; tapRow < p.kernelHeight; tapRow++) {
  for (var tapColumn = 0; tapColumn < p.kernelWidth; tapColumn++) {
    ${each(
      rows,
      (i) => `
    let high${i} = h${i} - tapRow * p.dilationHeight;
    let wide${i} = v${i} - tapColumn * p.dilationWidth;
    let outRow${i} = high${i} / p.strideHeight;
    let outColumn${i} = wide${i} / p.strideWidth;
    let ok${i} = high${i} >= 0 && wide${i} >= 0 && outRow${i} * p.strideHeight == high${i} && outColumn${i} * p.strideWidth == wide${i} && outRow${i} < p.outHeight && outColumn${i} < p.outWidth;
    let at${i} = select(0, ((image${i} + outRow${i}) * p.outWidth + outColumn${i}) * p.outChannels, ok${i});`,
    )}
    ${[0, 1, 2, 3].map((j) => `let w${j}At = (tap * p.inChannels + min(column + ${j}, p.inChannels - 1)) * p.outChannels;`).join("\n")}
    for (var s = 0; s < p.outChannels; s += ${depth}) {
      ${step({
        depth,
        before:
          depth === 4
            ? `${each(rows, (i) => `let a${i} = select(vec4<f32>(), dy[(at${i} + s) / 4], ok${i});`)}
${[0, 1, 2, 3].map((j) => `let b${j} = w[(w${j}At + s) / 4];`).join("\n")}`
            : each(rows, (i) => `let a${i} = select(0.0, dy[at${i} + s], ok${i});`),
        left: (i, q) => (depth === 4 ? `a${i}[${q}]` : `a${i}`),
        right: (q) =>
          depth === 4
            ? `vec4<f32>(b0[${q}], b1[${q}], b2[${q}], b3[${q}])`
            : "vec4<f32>(w[w0At + s], w[w1At + s], w[w2At + s], w[w3At + s])",
      })}
    }
    tap++;
  }
}`,
      });
    },

    conv2dFilterGradient(x, dy, g) {
      if (g.groups > 1) return grouped.conv2dFilterGradient(x, dy, g);
      const inside = isInside(g);
      // Four rows of the product are four channels of one tap.
      const aFour = g.inChannels % 4 === 0;
      const bFour = g.outChannels % 4 === 0;
      const rows = g.kernelHeight * g.kernelWidth * g.inChannels;
      const lines = g.batch * g.outHeight;
      const invocations = Math.ceil(rows / runner.traits.tileRows) * Math.ceil(g.outChannels / columnsOfTile);
      const parts = Math.max(1, Math.min(lines, Math.ceil(4096 / Math.max(invocations, 1))));
      const quads = (count: number): number[] => Array.from({ length: count / 4 }, (_, quad) => quad * 4);
      const rowsOfTap = (count: number): number[] => (aFour ? quads(count) : Array.from({ length: count }, (_, i) => i));
      const partial = runProduct(runner, {
        name: "conv2dFilterGradient",
        variant: `${inside} ${aFour} ${bFour}`,
        rows,
        columns: g.outChannels,
        count: parts,
        reads: [bind("x", x, aFour ? "vec4f" : "f32"), bind("dy", dy, bFour ? "vec4f" : "f32")],
        ints: { ...ints(g), lines, part: Math.ceil(lines / parts) },
        setup: (count) =>
          rowsOfTap(count)
            .map(
              (i) => `
let channel${i} = row${i} % p.inChannels;
let tapColumn${i} = ((row${i} / p.inChannels) % p.kernelWidth) * p.dilationWidth - p.padLeft;
let tapRow${i} = (row${i} / (p.inChannels * p.kernelWidth)) * p.dilationHeight - p.padTop;`,
            )
            .join("\n"),
        loop: (step, count) => `
let last = min(p.lines, (item + 1) * p.part);
for (var line = item * p.part; line < last; line++) {
  let image = line / p.outHeight;
  let down = (line % p.outHeight) * p.strideHeight;
  ${rowsOfTap(count)
    .map(
      (i) => `
  let h${i} = down + tapRow${i};
  let line${i} = ((image * p.height + h${i}) * p.width + tapColumn${i}) * p.inChannels + channel${i};`,
    )
    .join("\n")}
  for (var s = 0; s < p.outWidth; s++) {
    let along = s * p.strideWidth;
    ${step({
      depth: 1,
      before: rowsOfTap(count)
        .map((i) => {
          const at = `line${i} + along * p.inChannels`;
          const ok = `h${i} >= 0 && h${i} < p.height && along + tapColumn${i} >= 0 && along + tapColumn${i} < p.width`;
          if (inside) return `let a${i} = ${aFour ? `x[(${at}) / 4]` : `x[${at}]`};`;
          const zero = aFour ? "vec4<f32>()" : "0.0";
          return `let ok${i} = ${ok};\nlet a${i} = select(${zero}, x[select(0, ${aFour ? `(${at}) / 4` : at}, ok${i})], ok${i});`;
        })
        .join("\n"),
      left: (i) => (aFour ? `a${i - (i % 4)}[${i % 4}]` : `a${i}`),
      right: () => fourColumns("dy", "(line * p.outWidth + s) * p.outChannels", { columns: "p.outChannels", aligned: bFour }),
    })}
  }
}`,
      });
      return parts === 1 ? partial : addParts(runner, partial, { parts, length: rows * g.outChannels });
    },
  };
}
