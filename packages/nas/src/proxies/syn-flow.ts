/** How much of a network's parameters its output can feel. Tanaka et al. 2020, "Pruning neural networks without any data", arXiv:2006.05467, section 5. */

import type { ImageClassifier } from "@dl/cnn";
import { type Device, ones, type Shape, valueAndGrad } from "@dl/core";
import { inference } from "@dl/nn";

/**
 * Σ θ·∂R/∂θ with every parameter made positive, where R is the sum of the outputs for an image of ones: it needs no data. More is better.
 * Batch normalisation does nothing, as Abdelfattah et al. 2021 have it: give a new network, whose running statistics are 0 and 1.
 * In deep and wide networks it may be larger than float32 can hold: then it is `Infinity`.
 *
 * @param options.inputShape  `[1, H, W, C]`
 */
export async function synFlow(model: ImageClassifier, { device, inputShape }: { device: Device; inputShape: Shape }): Promise<number> {
  const parameters = model.parameters();
  return device.compute(() => {
    const before = parameters.map((parameter) => parameter.value);
    for (const parameter of parameters) parameter.set(parameter.value.abs());
    try {
      const { grads } = valueAndGrad(() => model.forward(ones(inputShape), inference).sum(), parameters);
      return parameters.map((parameter) => parameter.value.mul(grads.get(parameter)!).abs().sum()).reduce((a, b) => a.add(b));
    } finally {
      parameters.forEach((parameter, i) => {
        parameter.set(before[i]!);
      });
    }
  });
}
