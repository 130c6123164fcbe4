/** The gradient's norm at initialisation as a proxy for accuracy. Abdelfattah et al. 2021, "Zero-cost proxies for lightweight NAS", arXiv:2101.08134, section 3.2. */

import type { ImageClassifier } from "@dl/cnn";
import { type HostTensor, tensor, valueAndGrad } from "@dl/core";
import { crossEntropy, training } from "@dl/nn";
import type { ProxyOptions } from "./proxy-options.ts";

/**
 * The sum over the parameters of the Euclidean norm of the loss's gradient, on one batch. More is better.
 *
 * @param labels  int32 `[B]`
 */
export async function gradientNorm(model: ImageClassifier, labels: HostTensor, { device, images, rng }: ProxyOptions): Promise<number> {
  return device.compute(() => {
    const loss = () => crossEntropy(model.forward(tensor(images), training(rng)), tensor(labels));
    const { grads } = valueAndGrad(loss, model.parameters());
    return [...grads.values()].map((slope) => slope.square().sum().sqrt()).reduce((a, b) => a.add(b));
  });
}
