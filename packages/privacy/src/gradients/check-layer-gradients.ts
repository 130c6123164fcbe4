/** Whether what the rules find is the gradient: a model that uses its weights past its layers would train without protection. */

import {
  type Device,
  type HostTensor,
  OptionError,
  ones,
  type Scalar,
  sub,
  sumOfSquares,
  type Tensor,
  upload,
  valueAndGrad,
} from "@dl/core";
import type { Example } from "@dl/data";
import { inference, type Mode, type Module } from "@dl/nn";
import { countExamples, totalOf } from "./example-gradients.ts";
import { layerGradients } from "./layer-gradients.ts";

/** Float32 sums in another order; a forgotten use of a weight is off by its whole gradient. */
const tolerance = 1e-3;

/**
 * Compares Σ gradients of the examples by the rules with the gradient of the summed loss, on one batch.
 *
 * @throws OptionError that names the parameter where they differ.
 */
export async function checkLayerGradients<E extends Example>(
  { device, model, losses }: { device: Device; model: Module; losses: (batch: { [K in keyof E]: Tensor }, mode: Mode) => Tensor },
  batch: E,
): Promise<void> {
  const differences = await device.compute(() => {
    const tensors = upload<E & Record<string, HostTensor>>(batch);
    const examples = countExamples(tensors);
    // Without dropout: both sides must see the same network.
    const found = layerGradients(model, tensors, (batch) => losses(batch as typeof tensors, inference)).weightedSum(ones([examples]));
    const { grads } = valueAndGrad(() => totalOf(losses(tensors, inference), examples), model.parameters());
    const compared = new Map<string, { difference: Scalar; whole: Scalar }>();
    for (const [path, parameter] of model.namedParameters()) {
      const expected = grads.get(parameter)!;
      const difference = sumOfSquares([sub(found.get(parameter)!, expected)]) as Scalar;
      compared.set(path, { difference, whole: sumOfSquares([expected]) as Scalar });
    }
    return compared;
  });
  for (const [path, { difference, whole }] of differences) {
    if (Math.sqrt(difference) <= tolerance * Math.sqrt(whole) + 1e-6) continue;
    throw new OptionError(
      `fitPrivately: expected the gradients of single examples to add up to the gradient of the batch, got a difference of ${Math.sqrt(difference).toExponential(1)} (of ${Math.sqrt(whole).toExponential(1)}) in ${path}. The model uses this weight outside its layer's forward, or mixes examples: take method: "one by one".`,
    );
  }
}
