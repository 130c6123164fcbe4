/** Kernels that move elements and compute nothing, and random numbers. */

import { type Operand, randomWords, type Shape, wordToUnit } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

export function transpose(engine: Engine, x: TensorOperand, permutation: readonly number[]): TensorBuffer {
  return engine.buffer(engine.run("Transpose", [engine.id(x), engine.constants.ints(permutation)]), x.dtype);
}

export function slice(
  engine: Engine,
  x: TensorOperand,
  { starts, sizes, steps }: { starts: readonly number[]; sizes: readonly number[]; steps: readonly number[] },
): TensorBuffer {
  const { constants } = engine;
  const id = engine.id(x);
  if (sizes.includes(0)) return engine.buffer(engine.run("Fill", [constants.ints(sizes), scalar(engine, x, 0)]), x.dtype);
  if (steps.every((step) => step === 1))
    return engine.buffer(engine.run("Slice", [id, constants.ints(starts), constants.ints(sizes)]), x.dtype);
  const ends = starts.map((start, i) => start + (sizes[i]! - 1) * steps[i]! + 1);
  return engine.buffer(engine.run("StridedSlice", [id, constants.ints(starts), constants.ints(ends), constants.ints(steps)]), x.dtype);
}

export interface Paddings {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly between: readonly number[];
  readonly value: number;
}

export function pad(engine: Engine, x: TensorOperand, { before, after, between, value }: Paddings): TensorBuffer {
  const output = engine.compose(() => {
    let id = engine.id(x);
    let shape: readonly number[] = x.shape;
    const fillWith = scalar(engine, x, value);
    let result: Output | undefined;
    for (let axis = 0; axis < shape.length; axis++) {
      const [length, gap] = [shape[axis]!, between[axis]!];
      if (gap === 0 || length < 2) continue;
      // Each element with its gap behind it; then the last gap is cut off.
      const [outer, inner] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
      const apart = engine.step("Reshape", [id, engine.constants.ints([outer, length, 1, inner])]);
      const gaps = engine.step("PadV2", [apart, table(engine, [0, 0, 0, 0, 0, gap, 0, 0]), fillWith]);
      const joined = engine.step("Reshape", [gaps, engine.constants.ints([outer, length * (gap + 1), inner])]);
      const spread = length + (length - 1) * gap;
      const cut = engine.step("Slice", [joined, engine.constants.ints([0, 0, 0]), engine.constants.ints([outer, spread, inner])]);
      shape = shape.map((size, i) => (i === axis ? spread : size));
      result = engine.run("Reshape", [cut, engine.constants.ints(shape)]);
      id = result.id;
    }
    const sides = shape.flatMap((_, axis) => [before[axis]!, after[axis]!]);
    if (result === undefined || sides.some((side) => side > 0)) return engine.run("PadV2", [id, table(engine, sides), fillWith]);
    return result;
  });
  return engine.buffer(output, x.dtype);
}

export function concat(
  engine: Engine,
  parts: readonly TensorOperand[],
  { outer, lengths, inner }: { outer: number; lengths: readonly number[]; inner: number },
): TensorBuffer {
  const { dtype } = parts[0]!;
  const ids = parts.map((part, i) => engine.id(part, outer === 1 ? [lengths[i]!, inner] : [outer, lengths[i]!, inner]));
  const attributes = [engine.type("T", dtype), engine.ints("N", ids.length)];
  if (ids.length === 1) return engine.buffer(engine.run("DeepCopy", ids), dtype);
  return engine.buffer(engine.run("ConcatV2", [...ids, engine.constants.int(outer === 1 ? 0 : 1)], attributes), dtype);
}

export function flip(engine: Engine, x: TensorOperand, axes: readonly number[]): TensorBuffer {
  return engine.buffer(engine.run("ReverseV2", [engine.id(x), engine.constants.ints(axes)]), x.dtype);
}

/** Drawn on the host: a hundred whole-number operations an element are the processor's anyway. */
export function randomUniform(engine: Engine, [key0, key1]: readonly [number, number], length: number): TensorBuffer {
  return engine.upload(Float32Array.from(randomWords(key0, key1, length), wordToUnit), "float32");
}

function scalar(engine: Engine, { dtype }: Operand<TensorBuffer>, value: number): number {
  const { constants } = engine;
  return dtype === "int32" ? constants.int(value) : dtype === "bool" ? constants.bool(value !== 0) : constants.float(value);
}

function table(engine: Engine, sides: readonly number[]): number {
  return engine.constants.made(`p${sides}`, () =>
    engine.addon.createTensor([sides.length / 2, 2], engine.addon.TF_INT32, Int32Array.from(sides)),
  );
}

function product(shape: Shape): number {
  return shape.reduce((size, length) => size * length, 1);
}
