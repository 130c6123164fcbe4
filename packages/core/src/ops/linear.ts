/** x·W + b, in one kernel, with an activation. */

import { ShapeError } from "../errors.ts";
import { differentiableJointly } from "../recording.ts";
import { formatShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireFloat } from "./apply.ts";
import { reluGradient } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export interface LinearOptions {
  /** `[out]`. */
  readonly bias?: Tensor | undefined;
  /** Default none. */
  readonly activation?: "relu" | undefined;
}

/** `x […, in]`, `weight [in, out]` → `[…, out]`. */
export function linear(x: Tensor, weight: Tensor, { bias, activation }: LinearOptions = {}): Tensor {
  requireFloat("linear", x, weight);
  if (bias) requireFloat("linear", bias);
  const [inputs, outputs] = weight.shape;
  if (weight.rank !== 2 || x.rank === 0 || x.shape[x.rank - 1] !== inputs) {
    throw new ShapeError(
      `linear: expected input features ${inputs} (weight ${formatShape(weight.shape)}, layout [in, out]), got ${formatShape(x.shape)}.`,
    );
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== outputs)) {
    throw new ShapeError(`linear: expected a bias of shape [${outputs}], got ${formatShape(bias.shape)}.`);
  }
  const rows = sizeOf(x.shape.slice(0, -1));
  const shape = [...x.shape.slice(0, -1), outputs!];
  const problem = {
    batches: 1,
    m: rows,
    k: inputs!,
    n: outputs!,
    transposeA: false,
    transposeB: false,
    aIndex: undefined,
    bIndex: undefined,
  };
  const y = apply("linear", { shape, dtype: x.dtype }, (kernels) => kernels.matmul(x, weight, problem, { bias, activation }));
  return differentiableJointly(y, bias ? [x, weight, bias] : [x, weight], (g, needed) => {
    const through = activation === "relu" ? reluGradient(g, y) : g;
    const flat = reshape(through, [rows, outputs!]);
    return [
      needed[0] ? reshape(matmul(flat, weight, { transposeB: true }), x.shape) : null,
      needed[1] ? matmul(reshape(x, [rows, inputs!]), flat, { transposeA: true }) : null,
      needed[2] ? sum(flat, 0) : null,
    ];
  });
}
