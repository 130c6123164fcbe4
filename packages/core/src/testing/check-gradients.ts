/** Gradients against central differences: the second source that needs no reference library. */

import { grad } from "../autodiff.ts";
import type { Cell } from "../cell.ts";
import type { Device } from "../device.ts";
import type { HostTensor } from "../host-tensor.ts";
import { tensor } from "../ops/creation.ts";
import { Rng } from "../rng.ts";
import type { Scalar, Tensor } from "../tensor.ts";

export interface CheckGradientsOptions {
  readonly inputs: readonly HostTensor[];
  /** Parameters that `work` reads, such as a layer's: gradients by them are checked too. They keep their values. Default none. */
  readonly cells?: readonly Cell[];
  /** Differentiate once, or twice. Default 2. */
  readonly order?: 1 | 2;
  /** Distance of the differences. Default 1e-5, good for float64 and functions of order 1. */
  readonly step?: number;
  /** |analytic − numeric| ≤ tolerance·(1 + |numeric|). Default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Throws unless the gradients of Σ output·c, for a fixed random c, agree with central differences; at order 2 also the gradients of
 * Σ gradient·v. Meant for a float64 device: `cpu({ precision: "float64" })`.
 */
export async function checkGradients(
  device: Device,
  work: (...inputs: Tensor[]) => Tensor,
  { inputs, cells = [], order = 2, step = 1e-5, tolerance = 1e-6 }: CheckGradientsOptions,
): Promise<void> {
  const rng = new Rng(20_240_607);
  const project = (y: Tensor, label: string): Scalar => y.mul(tensor(rng.fork(label).normal(y.shape))).sum();
  const first = (xs: Tensor[]): Scalar => project(work(...xs), "cotangent");
  const second = (xs: Tensor[]): Scalar => {
    const products = grad(() => first(xs), [...xs, ...cells]).map((g, i) => project(g, `vector ${i}`));
    return products.reduce((total, product) => total.add(product));
  };
  const before = await Promise.all(cells.map((cell) => cell.read()));
  try {
    const point: Point = { inputs, cells, at: [...inputs, ...before].map(({ data }) => Float64Array.from(data)) };
    await compare(device, first, { ...point, label: "first-order", step, tolerance });
    if (order === 2) await compare(device, second, { ...point, label: "second-order", step, tolerance: 10 * tolerance });
  } finally {
    for (const [i, cell] of cells.entries()) cell.load(before[i]!);
  }
}

/** Where the function is differentiated: values of the inputs, then of the cells. */
interface Point {
  readonly inputs: readonly HostTensor[];
  readonly cells: readonly Cell[];
  readonly at: readonly Float64Array[];
}

async function compare(
  device: Device,
  f: (xs: Tensor[]) => Scalar,
  { inputs, cells, at, label, step, tolerance }: Point & { label: string; step: number; tolerance: number },
): Promise<void> {
  const load = (): Tensor[] => {
    for (const [i, cell] of cells.entries()) cell.load({ shape: cell.shape, dtype: "float64", data: at[inputs.length + i]!.slice() });
    return inputs.map(({ shape }, i) => tensor({ shape, dtype: "float64", data: at[i]! }));
  };
  const analytic = await device.compute((): Tensor[] => {
    const xs = load();
    return grad(() => f(xs), [...xs, ...cells]);
  });
  const evaluate = (): Promise<number> => device.compute((): Scalar => f(load()));
  for (const [i, data] of at.entries()) {
    const name = i < inputs.length ? `input ${i}` : `cell ${i - inputs.length}`;
    for (let j = 0; j < data.length; j++) {
      const centre = data[j]!;
      data[j] = centre + step;
      const above = await evaluate();
      data[j] = centre - step;
      const below = await evaluate();
      data[j] = centre;
      const numeric = (above - below) / (2 * step);
      const found: HostTensor | number = analytic[i]!;
      const value = typeof found === "number" ? found : found.data[j]!;
      if (!(Math.abs(value - numeric) <= tolerance * (1 + Math.abs(numeric)))) {
        throw new Error(
          `checkGradients: expected the ${label} gradient of ${name} at element ${j} to be ${numeric} (central differences), got ${value}.`,
        );
      }
    }
  }
}
