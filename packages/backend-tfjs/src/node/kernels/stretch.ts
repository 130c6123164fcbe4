/** Broadcasting: TensorFlow's own inside an operation is slower than a copy and a plain operation, once tensors are large. */

import { type Shape, sameShape, sizeOf } from "@dl/core";
import type { Engine, TensorOperand } from "../engine.ts";

/** From here on a copy pays: [57600, 32] + [32] takes 0.9 ms in one operation, 0.2 + 0.25 ms in two. */
const large = 1 << 16;

/** TensorFlow stretches tensors of so many axes in any way; of more only where neighbours can be taken together. */
const anyWay = 5;

/** The operand's tensor, stretched to `shape`; for use inside `compose`. */
export function stretched(engine: Engine, x: TensorOperand, shape: Shape): number {
  if (sameShape(x.shape, shape)) return engine.id(x);
  if (sizeOf(x.shape) === sizeOf(shape)) return engine.id(x, shape);
  if (shape.length <= anyWay) return engine.step("BroadcastTo", [engine.id(x), engine.constants.ints(shape)]);
  // One axis at a time, the innermost first: what lies on either side of it is one axis.
  let own: number[] = [...shape.map(() => 1), ...x.shape].slice(-shape.length);
  let id = engine.id(x, own);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (own[axis] === shape[axis]) continue;
    own = own.map((size, i) => (i === axis ? shape[i]! : size));
    id = engine.step("BroadcastTo", [id, engine.constants.ints(own)]);
  }
  return id;
}

/** Whether `pair` makes no tensor of its own, so that no `compose` is needed to delete it: the way of all small operations. */
export function takesPairAsIs(shape: Shape): boolean {
  return shape.length <= anyWay && sizeOf(shape) < large;
}

/** Two operands as an operation that broadcasts by itself takes them; for use inside `compose`. */
export function pair(engine: Engine, a: TensorOperand, b: TensorOperand, shape: Shape): [number, number] {
  const size = sizeOf(shape);
  const wholeA = sizeOf(a.shape) === size;
  const wholeB = sizeOf(b.shape) === size;
  if (wholeA && wholeB) {
    // The same elements in the same order: any one shape will do, and TensorFlow's own costs no reshaping.
    if (sameShape(a.buffer.shape, b.buffer.shape)) return [engine.tensor(a.buffer), engine.tensor(b.buffer)];
    return [engine.id(a, shape), engine.id(b, shape)];
  }
  const scalar = sizeOf(a.shape) === 1 || sizeOf(b.shape) === 1;
  if (scalar || (size < large && shape.length <= anyWay)) return [engine.id(a), engine.id(b)];
  return [stretched(engine, a, shape), stretched(engine, b, shape)];
}
