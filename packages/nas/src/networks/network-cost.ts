/** What a network costs: objectives beside accuracy. */

import { type ImageClassifier, summarize } from "@dl/cnn";
import { type Device, OptionError, type Shape, zeros } from "@dl/core";
import { inference } from "@dl/nn";

/** Of one forward pass of the shape that was given. */
export interface NetworkCost {
  readonly parameters: number;
  readonly flops: number;
  /** The median, in milliseconds, with reading the result. */
  readonly latency: number;
  /** The most bytes at once, weights included. */
  readonly memory: number;
}

/**
 * Measures a network on a device.
 *
 * @param options.device  One of its own: memory is what the device ever held at once.
 * @param options.inputShape  `[B, H, W, C]`
 * @param options.repeats  Timed passes, after two to warm up. Default 9.
 */
export async function networkCost(
  model: ImageClassifier,
  { device, inputShape, repeats = 9 }: { device: Device; inputShape: Shape; repeats?: number },
): Promise<NetworkCost> {
  if (!Number.isInteger(repeats) || repeats < 1) throw new OptionError(`networkCost: expected at least one repeat, got ${repeats}.`);
  const { parameters, flops } = await summarize(model, { device, inputShape });
  const times: number[] = [];
  for (let i = -2; i < repeats; i++) {
    const start = performance.now();
    await device.compute(() => model.forward(zeros(inputShape), inference));
    if (i >= 0) times.push(performance.now() - start);
  }
  const latency = times.sort((a, b) => a - b)[times.length >> 1]!;
  return { parameters, flops, latency, memory: device.memory().peakBytes };
}
