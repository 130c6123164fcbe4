/**
 * Max pooling. TensorFlow's MaxPool loses NaN, and its search for places takes ten times as long as the maximum. oneDNN's kernel inside
 * TensorFlow notes the places in a workspace of its own, which its gradient reads: it is called where it is there and all numbers are finite.
 * Elsewhere the windows are gone through tap by tap, and the places worked out when somebody asks.
 */

import { DlError, type PoolGeometry, sizeOf } from "@dl/core";
import type { Attribute, Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";
import { isFinite } from "./finite.ts";
import { scatterAlong } from "./indexing.ts";
import { isDilated, isPadded, padded, sidesOf, windowAttributes } from "./windows.ts";

/** What the fast gradient needs, by the buffer of places. */
interface Workspace {
  readonly x: number;
  readonly y: number;
  readonly workspace: number;
}

export class MaxPooling {
  readonly #engine: Engine;
  readonly #workspaces = new WeakMap<TensorBuffer, Workspace>();
  readonly #fast: boolean;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#fast = !engine.gpu && hasWorkspacePooling(engine);
  }

  maxPool(x: TensorOperand, g: PoolGeometry): { values: TensorBuffer; indices: TensorBuffer } {
    const engine = this.#engine;
    const shape = [g.batch, g.outHeight, g.outWidth, g.channels];
    if (sizeOf(shape) === 0) {
      const empty = (dtype: "float32" | "int32"): TensorBuffer =>
        engine.buffer(
          engine.run("Fill", [engine.constants.ints(shape), dtype === "int32" ? engine.constants.int(0) : engine.constants.float(0)]),
          dtype,
        );
      return { values: empty("float32"), indices: empty("int32") };
    }
    const image = engine.id(x, [g.batch, g.height, g.width, g.channels]);
    if (!this.#fast || isDilated(g) || !isFinite(engine, image, 4)) {
      const [values, indices] = engine.compose(() => byTaps(engine, image, g));
      return { values: engine.buffer(values!, "float32"), indices: engine.buffer(indices!, "int32") };
    }
    // Lower than any number there is: padding never wins, and is cut off the gradient.
    const source = isPadded(sidesOf(g)) ? padded(engine, image, sidesOf(g), lowest) : engine.step("Identity", [image]);
    const [values, workspace] = engine.runAll("_MklNativeMaxPool", [source], { attributes: fastAttributes(engine, g), outputs: 2 });
    // The image and the result again, sharing their memory: they live as long as the places do.
    const kept = { x: source, y: engine.step("Identity", [values!.id]), workspace: workspace!.id };
    const indices = engine.deferred(() => engine.compose(() => byTaps(engine, unpadded(engine, kept.x, g), g)[1]!).id, {
      shape,
      dtype: "int32",
      kept: [kept.x, kept.y, kept.workspace],
      keptBytes: sizeOf(workspace!.shape),
    });
    this.#workspaces.set(indices, kept);
    return { values: engine.buffer(values!, "float32"), indices };
  }

  gradient(dy: TensorOperand, indices: TensorOperand, g: PoolGeometry): TensorBuffer {
    const engine = this.#engine;
    const kept = this.#workspaces.get(indices.buffer);
    if (kept === undefined) return scatterAlong(engine, indices, dy, { outer: g.batch, length: g.height * g.width, inner: g.channels });
    const incoming = engine.id(dy, [g.batch, g.outHeight, g.outWidth, g.channels]);
    const output = engine.compose(() => {
      const dx = engine.run("_MklNativeMaxPoolGrad", [kept.x, kept.y, incoming, kept.workspace], fastAttributes(engine, g));
      return isPadded(sidesOf(g)) ? engine.run("Slice", [dx.id, ...insideOf(engine, g)]) : dx;
    });
    return engine.buffer(output, "float32");
  }
}

/** The most negative float32. */
const lowest = -3.4028234663852886e38;

/** Where the image lies in the padded one: begin and size of a slice. */
function insideOf(engine: Engine, g: PoolGeometry): [number, number] {
  const { top, left } = sidesOf(g);
  return [engine.constants.ints([0, top, left, 0]), engine.constants.ints([g.batch, g.height, g.width, g.channels])];
}

function unpadded(engine: Engine, x: number, g: PoolGeometry): number {
  return isPadded(sidesOf(g)) ? engine.step("Slice", [x, ...insideOf(engine, g)]) : x;
}

function fastAttributes(engine: Engine, g: PoolGeometry): Attribute[] {
  return [
    engine.ints("ksize", [1, g.kernelHeight, g.kernelWidth, 1]),
    ...windowAttributes(engine, g),
    engine.flag("workspace_enabled", true),
    // The name under which oneDNN's kernels are registered (tensorflow/core/graph/mkl_graph_util.h).
    engine.text("_kernel", "MklNameChangeOp"),
  ];
}

/** Tried once, on a window with two equal maxima: the gradient must go to the first. */
function hasWorkspacePooling(engine: Engine): boolean {
  const { addon } = engine;
  const g = {
    batch: 1,
    height: 2,
    width: 2,
    channels: 1,
    kernelHeight: 2,
    kernelWidth: 2,
    strideHeight: 2,
    strideWidth: 2,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 0,
    padLeft: 0,
    outHeight: 1,
    outWidth: 1,
  };
  const ids = [
    addon.createTensor([1, 2, 2, 1], addon.TF_FLOAT, Float32Array.of(1, 3, 3, 2)),
    addon.createTensor([1, 1, 1, 1], addon.TF_FLOAT, Float32Array.of(5)),
  ];
  try {
    const [y, workspace] = engine.runAll("_MklNativeMaxPool", [ids[0]!], { attributes: fastAttributes(engine, g), outputs: 2 });
    ids.push(y!.id, workspace!.id);
    const dx = engine.step("_MklNativeMaxPoolGrad", [ids[0]!, y!.id, ids[1]!, workspace!.id], fastAttributes(engine, g));
    ids.push(dx);
    return Array.from(addon.tensorDataSync(dx) as Float32Array).join() === "0,5,0,0";
  } catch (error) {
    if (!(error instanceof DlError)) throw error;
    // This TensorFlow was built without oneDNN, or has it under another name.
    return false;
  } finally {
    for (const id of ids) addon.deleteTensor(id);
  }
}

/** Values and places of the largest, one tap of the window after the other: the first of equals, NaN before all. Two results. */
function byTaps(engine: Engine, image: number, g: PoolGeometry): readonly Output[] {
  const { constants } = engine;
  const shape = constants.ints([g.batch, g.outHeight, g.outWidth, g.channels]);
  const pads = sidesOf(g);
  const x = padded(engine, image, pads, -Infinity);
  let values = engine.run("Fill", [shape, constants.float(-Infinity)]);
  let places = engine.run("Fill", [shape, constants.int(-1)]);
  for (let i = 0; i < g.kernelHeight; i++) {
    for (let j = 0; j < g.kernelWidth; j++) {
      const start = [0, i * g.dilationHeight, j * g.dilationWidth, 0];
      const end = [
        g.batch,
        start[1]! + (g.outHeight - 1) * g.strideHeight + 1,
        start[2]! + (g.outWidth - 1) * g.strideWidth + 1,
        g.channels,
      ];
      const steps = constants.ints([1, g.strideHeight, g.strideWidth, 1]);
      const taken = engine.step("StridedSlice", [x, constants.ints(start), constants.ints(end), steps]);
      const place = engine.step("BroadcastTo", [
        constants.made(`tap${JSON.stringify(g)}${i},${j}`, () => tapPlaces(engine, g, [i, j])),
        shape,
      ]);
      const none = engine.step("Less", [places.id, constants.int(0)]);
      const larger = engine.step("Greater", [taken, values.id]);
      const firstNaN = engine.step("Greater", [
        engine.step("Cast", [engine.step("IsNan", [taken])], casts(engine)),
        engine.step("Cast", [engine.step("IsNan", [values.id])], casts(engine)),
      ]);
      const better = engine.step("LogicalOr", [none, engine.step("LogicalOr", [larger, firstNaN])]);
      const inside = engine.step("GreaterEqual", [place, constants.int(0)]);
      const take = engine.step("LogicalAnd", [better, inside]);
      values = engine.run("Select", [take, taken, values.id]);
      places = engine.run("Select", [take, place, places.id]);
    }
  }
  return [values, places];
}

function casts(engine: Engine): Attribute[] {
  return [engine.type("SrcT", "bool"), engine.type("DstT", "int32")];
}

/** `row · width + column` of one tap for each window, `[1, outHeight, outWidth, 1]`; −1 where it lies in the padding. */
function tapPlaces(engine: Engine, g: PoolGeometry, [i, j]: readonly [number, number]): number {
  const places = new Int32Array(g.outHeight * g.outWidth);
  for (let r = 0; r < g.outHeight; r++) {
    for (let c = 0; c < g.outWidth; c++) {
      const row = r * g.strideHeight - g.padTop + i * g.dilationHeight;
      const column = c * g.strideWidth - g.padLeft + j * g.dilationWidth;
      const inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
      places[r * g.outWidth + c] = inside ? row * g.width + column : -1;
    }
  }
  return engine.addon.createTensor([1, g.outHeight, g.outWidth, 1], engine.addon.TF_INT32, places);
}
