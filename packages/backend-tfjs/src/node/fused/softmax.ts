/** Softmax and cross-entropy over rows. */

import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

export interface Rows {
  readonly rows: number;
  readonly length: number;
}

export function softmax(engine: Engine, x: TensorOperand, { rows, length }: Rows): TensorBuffer {
  return engine.buffer(engine.run("Softmax", [engine.id(x, [rows, length])]), x.dtype);
}

export function logSoftmax(engine: Engine, x: TensorOperand, { rows, length }: Rows): TensorBuffer {
  return engine.buffer(engine.run("LogSoftmax", [engine.id(x, [rows, length])]), x.dtype);
}

/** y·(g − Σ g·y) */
export function softmaxGradient(engine: Engine, g: TensorOperand, y: TensorOperand, { rows, length }: Rows): TensorBuffer {
  const output = engine.compose(() => {
    const [incoming, weights] = [engine.id(g, [rows, length]), engine.id(y, [rows, length])];
    const inner = rowSums(engine, engine.step("Mul", [incoming, weights]));
    return engine.run("Mul", [weights, engine.step("Sub", [incoming, inner])]);
  });
  return engine.buffer(output, g.dtype);
}

/** g − eʸ·Σ g */
export function logSoftmaxGradient(engine: Engine, g: TensorOperand, y: TensorOperand, { rows, length }: Rows): TensorBuffer {
  const output = engine.compose(() => {
    const incoming = engine.id(g, [rows, length]);
    const weights = engine.step("Exp", [engine.id(y, [rows, length])]);
    return engine.run("Sub", [incoming, engine.step("Mul", [weights, rowSums(engine, incoming)])]);
  });
  return engine.buffer(output, g.dtype);
}

export function crossEntropy(engine: Engine, logits: TensorOperand, labels: TensorOperand, size: Rows): TensorBuffer {
  const { constants } = engine;
  const output = engine.compose(() => {
    const { loss, counted } = both(engine, logits, labels, size);
    return engine.run("Select", [counted, loss.id, engine.step("Fill", [constants.ints([size.rows]), constants.float(0)])]);
  });
  return engine.buffer(output, logits.dtype);
}

export function crossEntropyGradient(
  engine: Engine,
  g: TensorOperand,
  { logits, labels, ...size }: Rows & { logits: TensorOperand; labels: TensorOperand },
): TensorBuffer {
  const { constants } = engine;
  const { rows, length } = size;
  const output = engine.compose(() => {
    const { gradient, counted } = both(engine, logits, labels, size);
    const weighted = engine.run("Mul", [gradient.id, engine.id(g, [rows, 1])]);
    // Chosen, not multiplied: nothing of a row that does not count may come through, NaN neither.
    const zeros = engine.step("Fill", [constants.ints([rows, length]), constants.float(0)]);
    return engine.run("Select", [counted, weighted.id, zeros]);
  });
  return engine.buffer(output, logits.dtype);
}

/** The loss and softmax − onehot, which TensorFlow makes together; it refuses labels out of range: they look at class 0 and do not count. */
function both(
  engine: Engine,
  logits: TensorOperand,
  labels: TensorOperand,
  { rows, length }: Rows,
): { loss: Output; gradient: Output; counted: number } {
  const { constants } = engine;
  const places = engine.id(labels, [rows]);
  const counted = engine.step("LogicalAnd", [
    engine.step("GreaterEqual", [places, constants.int(0)]),
    engine.step("Less", [places, constants.int(length)]),
  ]);
  const safe = engine.step("Select", [counted, places, engine.step("Fill", [constants.ints([rows]), constants.int(0)])]);
  const [loss, gradient] = engine.runAll("SparseSoftmaxCrossEntropyWithLogits", [engine.id(logits, [rows, length]), safe], { outputs: 2 });
  return { loss: loss!, gradient: gradient!, counted };
}

function rowSums(engine: Engine, x: number): number {
  return engine.step("Sum", [x, engine.constants.ints([1])], [engine.flag("keep_dims", true)]);
}
