/**
 * Whether what the rules find is the gradient, and of single examples: a model that uses its weights past its layers, or lets examples of a batch see
 * each other, would train without protection.
 */

import {
  type Device,
  type HostTensor,
  narrow,
  OptionError,
  ones,
  type Scalar,
  sub,
  sum,
  sumOfSquares,
  type Tensor,
  upload,
  valueAndGrad,
} from "@dl/core";
import type { Example } from "@dl/data";
import { inference, type Mode, type Module } from "@dl/nn";
import { countExamples, type ExampleBatch, mapTensors, totalOf } from "./example-gradients.ts";
import { layerGradients } from "./layer-gradients.ts";

/** Float32 sums in another order; a forgotten use of a weight is off by its whole gradient, and a loss among others by what they bring. */
const tolerance = 1e-3;

/** A loss as it is among its batch, and alone. */
interface OwnLoss {
  readonly together: number;
  readonly alone: number;
}

/**
 * Compares Σ gradients of the examples by the rules with the gradient of the summed loss, and the losses of the first and the last
 * example with what they are alone, on one batch. One of a single example tells nothing of the latter.
 *
 * @throws OptionError that names the parameter where they differ, or says that examples are mixed.
 */
export async function checkLayerGradients<E extends Example>(
  { device, model, losses }: { device: Device; model: Module; losses: (batch: { [K in keyof E]: Tensor }, mode: Mode) => Tensor },
  batch: E,
): Promise<void> {
  const { own, compared: differences } = (await device.compute(() => {
    const tensors = upload<E & Record<string, HostTensor>>(batch);
    const examples = countExamples(tensors);
    const each = losses(tensors, inference); // [B]
    totalOf(each, examples);
    const own = [0, examples - 1].map((row) => {
      const one = mapTensors(tensors as ExampleBatch, (x) => narrow(x, 0, { start: row, size: 1 })) as typeof tensors;
      return { together: sum(narrow(each, 0, { start: row, size: 1 })), alone: totalOf(losses(one, inference), 1) };
    });
    // Without dropout: both sides must see the same network.
    const found = layerGradients(model, tensors, (batch) => losses(batch as typeof tensors, inference)).weightedSum(ones([examples]));
    const { grads } = valueAndGrad(() => totalOf(losses(tensors, inference), examples), model.parameters());
    const compared = new Map<string, { difference: Scalar; whole: Scalar }>();
    for (const [path, parameter] of model.namedParameters()) {
      const expected = grads.get(parameter)!;
      const difference = sumOfSquares([sub(found.get(parameter)!, expected)]) as Scalar;
      compared.set(path, { difference, whole: sumOfSquares([expected]) as Scalar });
    }
    return { own, compared };
  })) as unknown as { own: readonly OwnLoss[]; compared: ReadonlyMap<string, { difference: number; whole: number }> };
  for (const { together, alone } of own) {
    if (!Number.isFinite(alone)) {
      throw new OptionError(
        `fitPrivately: expected finite losses, got ${alone}. Look for NaN in the inputs, and for labels outside of the classes.`,
      );
    }
    if (Math.abs(together - alone) <= tolerance * Math.abs(alone) + 1e-5) continue;
    throw new OptionError(
      `fitPrivately: expected an example's loss to be its own, got ${alone.toPrecision(4)} for it alone and ${together.toPrecision(4)} among its batch. Something mixes examples, such as statistics of the batch or losses against its other members: take it out, or method: "one by one".`,
    );
  }
  for (const [path, { difference, whole }] of differences) {
    if (Math.sqrt(difference) <= tolerance * Math.sqrt(whole) + 1e-6) continue;
    throw new OptionError(
      `fitPrivately: expected the gradients of single examples to add up to the gradient of the batch, got a difference of ${Math.sqrt(difference).toExponential(1)} (of ${Math.sqrt(whole).toExponential(1)}) in ${path}. The model uses this weight outside its layer's forward: take method: "one by one".`,
    );
  }
}
