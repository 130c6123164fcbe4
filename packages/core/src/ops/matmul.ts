/** Matrix products. */

import type { MatmulProblem } from "../backend.ts";
import { ShapeError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireFloat } from "./apply.ts";
import { sumTo } from "./arithmetic.ts";
import { expandDims, reshape, squeeze } from "./reshape.ts";

export interface MatmulOptions {
  /** The last two axes of a are swapped. Default false. */
  readonly transposeA?: boolean;
  /** The last two axes of b are swapped. Default false. */
  readonly transposeB?: boolean;
}

/**
 * `[…, m, k]` times `[…, k, n]` gives `[…, m, n]`; the axes in front broadcast. A vector takes part as a row on the left and
 * as a column on the right, and its axis is gone from the result, as in NumPy.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  requireFloat("matmul", a, b);
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError(`matmul: expected vectors or matrices, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`);
  if (a.rank === 1) return squeeze(matmul(expandDims(a, 0), b, { transposeB: options.transposeB ?? false }), b.rank === 1 ? 0 : -2);
  if (b.rank === 1) return squeeze(matmul(a, expandDims(b, 1), { transposeA: options.transposeA ?? false }), -1);
  return matrices(a, b, { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false });
}

function matrices(a: Tensor, b: Tensor, { transposeA, transposeB }: Required<MatmulOptions>): Tensor {
  const [m, k] = lastTwo(a.shape, transposeA);
  const [inner, n] = lastTwo(b.shape, transposeB);
  if (k !== inner) {
    const note = transposeA || transposeB ? ` (transposeA ${transposeA}, transposeB ${transposeB})` : "";
    throw new ShapeError(
      `matmul: expected ${k} rows on the right${note}, got ${inner}: ${formatShape(a.shape)} times ${formatShape(b.shape)}.`,
    );
  }
  // One matrix on the right for all on the left: the left ones are one tall matrix.
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    const tall = matrices(reshape(a, [sizeOf(a.shape.slice(0, -1)), k]), b, { transposeA, transposeB });
    return reshape(tall, [...a.shape.slice(0, -1), n]);
  }
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const batches = sizeOf(batch);
  const problem: MatmulProblem = {
    batches,
    m,
    k,
    n,
    transposeA,
    transposeB,
    aIndex: batchIndex(a.shape.slice(0, -2), batch),
    bIndex: batchIndex(b.shape.slice(0, -2), batch),
  };
  const y = apply("matmul", { shape: [...batch, m, n], dtype: a.dtype }, (kernels) => kernels.matmul(a, b, problem, {}));
  return differentiable(
    y,
    [a, b],
    [
      (g) =>
        sumTo(
          transposeA
            ? matrices(b, g, { transposeA: transposeB, transposeB: true })
            : matrices(g, b, { transposeA: false, transposeB: !transposeB }),
          a.shape,
        ),
      (g) =>
        sumTo(
          transposeB
            ? matrices(g, a, { transposeA: true, transposeB: transposeA })
            : matrices(a, g, { transposeA: !transposeA, transposeB: false }),
          b.shape,
        ),
    ],
  );
}

function lastTwo(shape: Shape, transposed: boolean): [number, number] {
  const rows = shape[shape.length - 2]!;
  const columns = shape[shape.length - 1]!;
  return transposed ? [columns, rows] : [rows, columns];
}

/** For each matrix of the broadcast batch, the number of the matrix it comes from; undefined when they are the same. */
function batchIndex(from: Shape, to: Shape): Int32Array | undefined {
  const size = sizeOf(to);
  if (sizeOf(from) === size) return undefined;
  const index = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    let rest = i;
    let place = 0;
    let stride = 1;
    for (let axis = 1; axis <= to.length; axis++) {
      const position = rest % to[to.length - axis]!;
      rest = Math.floor(rest / to[to.length - axis]!);
      const length = from[from.length - axis] ?? 1;
      if (length !== 1) place += position * stride;
      stride *= length;
    }
    index[i] = place;
  }
  return index;
}

/** The sum of products of two vectors. */
export function dot(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 1 || b.rank !== 1)
    throw new ShapeError(`dot: expected two vectors, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`);
  return matmul(a, b);
}
