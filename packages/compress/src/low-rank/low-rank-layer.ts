/** A dense or convolutional layer as two thin ones. Dense: Denton et al. 2014, arXiv:1404.0736; convolutions: Zhang et al. 2015, arXiv:1505.06798, section 3.1. */

import { type HostTensor, hostTensor, OptionError, Rng, type Shape, type Tensor } from "@dl/core";
import { Conv2d, Linear, Module } from "@dl/nn";
import { type Decomposition, singularValues } from "./singular-values.ts";

/** What can be factored. */
export type FactoredLayer = Linear | Conv2d;

/** Stands in the place of a layer. The first has no bias; the second has the layer's own, and its activation. */
export class LowRank extends Module {
  readonly first: FactoredLayer;
  readonly second: FactoredLayer;

  constructor(first: FactoredLayer, second: FactoredLayer) {
    super();
    this.first = first;
    this.second = second;
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.forward(x));
  }

  get rank(): number {
    return this.first.weight.shape.at(-1)!;
  }
}

export function isFactorable(module: Module): module is FactoredLayer {
  return module instanceof Linear || (module instanceof Conv2d && module.options.groups === 1);
}

/** Rows and columns of the weight as a matrix: all that one output sums over, and outputs. */
export function matrixOf({ shape }: { readonly shape: Shape }): { rows: number; columns: number } {
  const columns = shape.at(-1)!;
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), columns };
}

/** Parameters of the two weights that stand for one. */
export function factoredSize({ rows, columns }: { rows: number; columns: number }, rank: number): number {
  return rank * (rows + columns);
}

export function decompose(weight: HostTensor): Decomposition {
  return singularValues(weight.data, matrixOf(weight));
}

/** The layer of least squared error among those of that rank: Eckart and Young 1936. Each factor has the root of the singular values. */
export async function lowRankLayer(layer: FactoredLayer, { u, values, v }: Decomposition, rank: number): Promise<LowRank> {
  const { rows, columns } = matrixOf(layer.weight);
  const count = values.length;
  const roots = Float64Array.from({ length: rank }, (_, k) => Math.sqrt(values[k]!));
  const down = Float32Array.from({ length: rows * rank }, (_, i) => u[Math.floor(i / rank) * count + (i % rank)]! * roots[i % rank]!);
  const up = Float32Array.from(
    { length: rank * columns },
    (_, i) => v[(i % columns) * count + Math.floor(i / columns)]! * roots[Math.floor(i / columns)]!,
  );
  const low = emptyLowRank(layer, rank);
  low.first.weight.load(hostTensor(down, low.first.weight.shape));
  low.second.weight.load(hostTensor(up, low.second.weight.shape));
  if (layer.bias !== undefined) low.second.bias!.load(await layer.bias.read());
  return low;
}

/** Two layers of the right form, their values not yet loaded. */
export function emptyLowRank(layer: FactoredLayer, rank: number): LowRank {
  const { rows, columns } = matrixOf(layer.weight);
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= Math.min(rows, columns))) {
    throw new OptionError(`LowRank: expected a whole rank from 1 to ${Math.min(rows, columns)}, got ${rank}.`);
  }
  // All its values are replaced.
  const rng = new Rng(0);
  const bias = layer.bias !== undefined;
  if (layer instanceof Linear) {
    const { activation } = layer;
    return new LowRank(
      new Linear({ inputs: rows, outputs: rank, bias: false, rng }),
      new Linear({ inputs: rank, outputs: columns, bias, ...(activation && { activation }), rng }),
    );
  }
  const [height, width, inputs] = layer.weight.shape as readonly [number, number, number, number];
  const { activation, ...options } = layer.options;
  return new LowRank(
    new Conv2d({ ...options, inputs, outputs: rank, kernelSize: [height, width], bias: false, rng }),
    new Conv2d({ inputs: rank, outputs: columns, kernelSize: 1, bias, ...(activation && { activation }), rng }),
  );
}
