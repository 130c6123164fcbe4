/** Gathering, scattering and sorting. */

import { sizeOf } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

/** A tensor seen along one axis: element (i, j, l) lies at `(i · length + j) · inner + l`. */
export interface AxisView {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

export function gather(engine: Engine, x: TensorOperand, indices: TensorOperand, { outer, length, inner }: AxisView): TensorBuffer {
  const rows = outer === 1 ? [length, inner] : [outer, length, inner];
  const axis = engine.constants.int(rows.length - 2);
  return engine.buffer(engine.run("GatherV2", [engine.id(x, rows), engine.tensor(indices.buffer), axis]), x.dtype);
}

export function scatterAdd(
  engine: Engine,
  indices: TensorOperand,
  updates: TensorOperand,
  { outer, length, inner }: AxisView,
): TensorBuffer {
  const { constants } = engine;
  const k = sizeOf(indices.shape);
  const output = engine.compose(() => {
    // Row o of the outer axis counts its places from o · length.
    const places = engine.id(indices, [1, k]);
    const starts = constants.made(`rows${outer}x${length}`, () => rowStarts(engine, outer, length));
    const segments =
      outer === 1
        ? engine.id(indices, [k])
        : engine.step("Reshape", [
            insideOnly(engine, places, { flat: engine.step("AddV2", [places, starts]), length }),
            constants.ints([outer * k]),
          ]);
    return engine.run("UnsortedSegmentSum", [engine.id(updates, [outer * k, inner]), segments, constants.int(outer * length)]);
  });
  return engine.buffer(output, updates.dtype);
}

export function takeAlong(engine: Engine, x: TensorOperand, indices: TensorOperand, view: AxisView): TensorBuffer {
  const { outer, length, inner } = view;
  const count = sizeOf(indices.shape);
  if (inner === 1 && outer > 1 && count > 0) {
    const inputs = [engine.id(x, [outer, length]), engine.id(indices, [outer, count / outer]), engine.constants.int(1)];
    return engine.buffer(engine.run("GatherV2", inputs, [engine.ints("batch_dims", 1)]), x.dtype);
  }
  const output = engine.compose(() =>
    engine.run("GatherV2", [engine.id(x, [outer * length * inner]), flatPlaces(engine, indices, view), engine.constants.int(0)]),
  );
  return engine.buffer(output, x.dtype);
}

export function scatterAlong(engine: Engine, indices: TensorOperand, updates: TensorOperand, view: AxisView): TensorBuffer {
  const size = view.outer * view.length * view.inner;
  const count = sizeOf(updates.shape);
  const output = engine.compose(() =>
    engine.run("UnsortedSegmentSum", [engine.id(updates, [count]), flatPlaces(engine, indices, view), engine.constants.int(size)]),
  );
  return engine.buffer(output, updates.dtype);
}

/** `(o · length + i) · inner + j` for each index i, in one row: places in the flattened tensor. */
function flatPlaces(engine: Engine, indices: TensorOperand, { outer, length, inner }: AxisView): number {
  const { constants } = engine;
  const count = sizeOf(indices.shape);
  if (count === 0 || (outer === 1 && inner === 1)) return engine.id(indices, [count]);
  const starts = constants.made(`along${outer}x${length}x${inner}`, () => alongStarts(engine, outer, length, inner));
  const places = engine.id(indices, [outer, count / (outer * inner), inner]);
  const flat = engine.step("AddV2", [engine.step("Mul", [places, constants.int(inner)]), starts]);
  return engine.step("Reshape", [insideOnly(engine, places, { flat, length }), constants.ints([count])]);
}

/** −1 for places out of range, which would be another row's once they are flat: TensorFlow refuses to read there, and adds nothing. */
function insideOnly(engine: Engine, places: number, { flat, length }: { flat: number; length: number }): number {
  const { constants } = engine;
  const inside = engine.step("Equal", [engine.step("FloorDiv", [places, constants.int(length)]), constants.int(0)]);
  return engine.step("SelectV2", [inside, flat, constants.int(-1)]);
}

function rowStarts(engine: Engine, outer: number, length: number): number {
  return engine.addon.createTensor(
    [outer, 1],
    engine.addon.TF_INT32,
    Int32Array.from({ length: outer }, (_, o) => o * length),
  );
}

function alongStarts(engine: Engine, outer: number, length: number, inner: number): number {
  const starts = Int32Array.from({ length: outer * inner }, (_, at) => Math.floor(at / inner) * length * inner + (at % inner));
  return engine.addon.createTensor([outer, 1, inner], engine.addon.TF_INT32, starts);
}

export function argsort(
  engine: Engine,
  x: TensorOperand,
  { rows, length, descending }: { rows: number; length: number; descending: boolean },
): TensorBuffer {
  // NaN last, whichever way: the least key.
  const output = engine.compose(() =>
    places(engine, sortKeys(engine, engine.id(x, [rows, length]), { dtype: x.dtype, descending, nan: -(2 ** 31) }), length),
  );
  return engine.buffer(output, "int32");
}

export function topK(engine: Engine, x: TensorOperand, { rows, length, k }: { rows: number; length: number; k: number }): TensorBuffer {
  const output = engine.compose(() =>
    places(engine, sortKeys(engine, engine.id(x, [rows, length]), { dtype: x.dtype, descending: true, nan: 2 ** 31 - 1 }), k),
  );
  return engine.buffer(output, "int32");
}

/** TopKV2 puts the first of equals first; with every place asked for it is a stable sort. */
function places(engine: Engine, keys: number, k: number): Output {
  return engine.runAll("TopKV2", [keys, engine.constants.int(k)], { outputs: 2 })[1]!;
}

/**
 * Whole numbers that lie as the values do, largest first: TopKV2 cannot order NaN. The bits of a float are in order as they stand when it is
 * positive, and with all but the sign turned over when it is negative.
 */
function sortKeys(engine: Engine, x: number, { dtype, descending, nan }: { dtype: string; descending: boolean; nan: number }): number {
  const { constants } = engine;
  const turned = (keys: number): number => (descending ? keys : engine.step("Invert", [keys]));
  if (dtype === "int32") return turned(x);
  // −0 + 0 = 0: they are equal.
  const bits = engine.step("Bitcast", [engine.step("AddV2", [x, constants.float(0)])], [engine.type("type", "int32")]);
  const mask = engine.step("BitwiseAnd", [engine.step("RightShift", [bits, constants.int(31)]), constants.int(0x7fffffff)]);
  const keys = turned(engine.step("BitwiseXor", [bits, mask]));
  return engine.step("SelectV2", [engine.step("IsNan", [x]), constants.int(nan), keys]);
}
