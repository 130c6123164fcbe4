/** Gradients against central differences: the second source that needs no reference library. */

import { grad, type Variable } from "../autodiff.ts";
import type { Device } from "../device.ts";
import type { HostTensor } from "../host-tensor.ts";
import { tensor } from "../ops/creation.ts";
import { Rng } from "../rng.ts";
import type { Scalar, Tensor } from "../tensor.ts";

export interface CheckGradientsOptions {
  /** Differentiate once, or twice. Default 2. */
  readonly order?: 1 | 2;
  /** Distance of the differences. Default 1e-5, good for float64 and functions of order 1. */
  readonly step?: number;
  /** |analytic − numeric| ≤ tolerance·(1 + |numeric|). Default 1e-6. */
  readonly tolerance?: number;
}

/** One number per input element, as float64. */
type Arrays = Float64Array[];

/**
 * Throws unless the gradients of Σ output·c, for a fixed random c, agree with central differences; at order 2 also the gradients of
 * Σ gradient·v. Meant for a float64 device: `cpu({ precision: "float64" })`.
 */
export async function checkGradients(
  device: Device,
  work: (...inputs: Tensor[]) => Tensor,
  { inputs, order = 2, step = 1e-5, tolerance = 1e-6 }: CheckGradientsOptions & { inputs: readonly HostTensor[] },
): Promise<void> {
  const rng = new Rng(20_240_607);
  const vectors = inputs.map(({ shape }, i) => rng.fork(`vector ${i}`).normal(shape));
  const project = (y: Tensor): Scalar => y.mul(tensor(rng.fork("cotangent").normal(y.shape))).sum();
  const first = (xs: Tensor[]): Scalar => project(work(...xs));
  const second = (xs: Tensor[]): Scalar => {
    const products = grad(() => first(xs), xs).map((g, i) => g.mul(tensor(vectors[i]!)).sum());
    return products.reduce((total, product) => total.add(product));
  };
  await compare(device, first, { label: "first-order", inputs, step, tolerance });
  if (order === 2) await compare(device, second, { label: "second-order", inputs, step, tolerance: 10 * tolerance });
}

async function compare(
  device: Device,
  f: (xs: Tensor[]) => Scalar,
  { label, inputs, step, tolerance }: { label: string; inputs: readonly HostTensor[]; step: number; tolerance: number },
): Promise<void> {
  const values: Arrays = inputs.map(({ data }) => Float64Array.from(data));
  const load = (): Tensor[] => values.map((data, i) => tensor({ shape: inputs[i]!.shape, dtype: "float64", data }));
  const analytic = await device.compute(() => {
    const xs = load();
    return grad(() => f(xs), xs as Variable[]);
  });
  const evaluate = (): Promise<number> => device.compute(() => f(load()) as Scalar) as Promise<number>;
  for (const [i, data] of values.entries()) {
    for (let j = 0; j < data.length; j++) {
      const centre = data[j]!;
      data[j] = centre + step;
      const above = await evaluate();
      data[j] = centre - step;
      const below = await evaluate();
      data[j] = centre;
      const numeric = (above - below) / (2 * step);
      const found = (analytic[i] as HostTensor | number | undefined) ?? Number.NaN;
      const value = typeof found === "number" ? found : found.data[j]!;
      if (!(Math.abs(value - numeric) <= tolerance * (1 + Math.abs(numeric)))) {
        throw new Error(
          `checkGradients: expected the ${label} gradient of input ${i} at element ${j} to be ${numeric} (central differences), got ${value}.`,
        );
      }
    }
  }
}
