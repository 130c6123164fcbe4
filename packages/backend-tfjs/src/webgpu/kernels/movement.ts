/** Kernels that move elements: one invocation an element of the result, which finds where it comes from. */

import { collapseAxes, type Kernels, type Shape, sizeOf, stridesOf } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, type GpuOperand, wordOf } from "../operands.ts";
import type { Runner } from "../runner.ts";
import { walkCode } from "./strides.ts";

type Movement = Pick<Kernels<DeviceBuffer>, "transpose" | "slice" | "pad" | "concat" | "flip">;

export function movementKernels(runner: Runner): Movement {
  /** Element `i` of the result is x at `start` plus the strides' walk. */
  const walk = (
    name: string,
    x: GpuOperand,
    { shape, strides, start }: { shape: Shape; strides: readonly number[]; start: number },
  ): DeviceBuffer => {
    const size = sizeOf(shape);
    const y = runner.allocate(size, name);
    if (size === 0) return y;
    const { variant, ints, code } = walkCode(["x"], collapseAxes(shape, [strides]));
    runner.run({
      name,
      variant,
      reads: [bind("x", x, "u32")],
      writes: [{ name: "result", type: "u32", buffer: y }],
      ints: { ...ints, start },
      threads: size,
      pointwise: true,
      body: () => `${code()}\nresult[i] = x[p.start + xAt];`,
    });
    return y;
  };

  return {
    transpose(x, permutation) {
      const strides = stridesOf(x.shape);
      return walk("transpose", x, {
        shape: permutation.map((axis) => x.shape[axis]!),
        strides: permutation.map((axis) => strides[axis]!),
        start: 0,
      });
    },
    slice(x, starts, sizes, steps) {
      const strides = stridesOf(x.shape);
      return walk("slice", x, {
        shape: sizes,
        strides: strides.map((stride, axis) => stride * steps[axis]!),
        start: strides.reduce((sum, stride, axis) => sum + stride * starts[axis]!, 0),
      });
    },
    flip(x, axes) {
      const strides = stridesOf(x.shape);
      return walk("flip", x, {
        shape: x.shape,
        strides: strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
        start: axes.reduce((sum, axis) => sum + strides[axis]! * (x.shape[axis]! - 1), 0),
      });
    },
    pad(x, before, after, between, value) {
      const shape = x.shape.map((size, axis) => before[axis]! + size + Math.max(size - 1, 0) * between[axis]! + after[axis]!);
      const size = sizeOf(shape);
      const y = runner.allocate(size, "pad");
      if (size === 0) return y;
      const strides = stridesOf(x.shape);
      const ints: Record<string, number> = {};
      for (const [axis, length] of x.shape.entries()) {
        ints[`size${axis}`] = shape[axis]!;
        ints[`length${axis}`] = length;
        ints[`before${axis}`] = before[axis]!;
        ints[`step${axis}`] = between[axis]! + 1;
        ints[`stride${axis}`] = strides[axis]!;
      }
      // An empty x is bound all the same; no element of it is read.
      runner.run({
        name: "pad",
        variant: `${shape.length}`,
        reads: [bind("x", x, "u32")],
        writes: [{ name: "result", type: "u32", buffer: y }],
        ints: { ...ints, value: wordOf(value, x.dtype) },
        threads: size,
        body: () => {
          const lines = ["var rest = i;", "var at = 0;", "var inside = true;"];
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            lines.push(
              `{ let place = rest % p.size${axis} - p.before${axis}; rest /= p.size${axis};`,
              `let index = place / p.step${axis};`,
              `inside = inside && place >= 0 && index < p.length${axis} && index * p.step${axis} == place; at += index * p.stride${axis}; }`,
            );
          }
          return `${lines.join("\n")}\nif (inside) { result[i] = x[at]; } else { result[i] = bitcast<u32>(p.value); }`;
        },
      });
      return y;
    },
    concat(parts, outer, lengths, inner) {
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const y = runner.allocate(outer * total * inner, "concat");
      // As many parts a launch as bindings allow.
      const most = runner.traits.maxBuffers - 1;
      let before = 0;
      for (let first = 0; first < parts.length; first += most) {
        const some = parts.slice(first, first + most);
        const widths = lengths.slice(first, first + most).map((length) => length * inner);
        const width = widths.reduce((sum, each) => sum + each, 0);
        runner.run({
          name: "concat",
          variant: `${some.length}`,
          reads: some.map((part, at) => bind(`part${at}`, part, "u32")),
          writes: [{ name: "result", type: "u32", buffer: y }],
          ints: {
            width,
            before: before * inner,
            row: total * inner,
            ...Object.fromEntries(widths.map((each, at) => [`width${at}`, each])),
          },
          threads: outer * width,
          body: () => `
let row = i / p.width;
var column = i % p.width;
let to = row * p.row + p.before + column;
${some.map((_, at) => `if (column < p.width${at}) { result[to] = part${at}[row * p.width${at} + column]; return; }\ncolumn -= p.width${at};`).join("\n")}`,
        });
        before += width / (inner === 0 ? 1 : inner);
      }
      return y;
    },
  };
}
