/** How differently a network's ReLUs answer to different images. Mellor et al. 2021, "Neural architecture search without training", arXiv:2006.04647, section 3. */

import type { ImageClassifier } from "@dl/cnn";
import { Cell, grad, greater, hostTensor, type Tensor, tensor, where, withReluRule, zerosLike } from "@dl/core";
import { training } from "@dl/nn";
import { choleskyFactor } from "../strategies/cholesky.ts";
import type { ProxyOptions } from "./proxy-options.ts";

/**
 * log |K|, where K[i, j] counts the ReLUs that are on for both images or off for both. More is better; −∞ for a network without ReLUs, and very
 * small where two images are told apart by none.
 */
export async function naswot(model: ImageClassifier, { device, images, rng }: ProxyOptions): Promise<number> {
  const [batch] = images.shape as readonly [number];
  // Kept in a cell: what is made on the way back is freed there.
  using alike = new Cell(hostTensor(new Float32Array(batch * batch), [batch, batch]));
  let units = 0;
  await device.compute(() => {
    // Each ReLU shows its output on the way back, those within convolutions too.
    const rule = (gradient: Tensor, output: Tensor): Tensor => {
      const on = greater(output, 0).cast("float32").reshape([batch, -1]); // [B, units]
      const off = on.neg().add(1);
      alike.set(alike.value.add(on.matmul(on.transpose())).add(off.matmul(off.transpose()))); // [B, B]
      units += on.shape[1]!;
      return where(greater(output, 0), gradient, zerosLike(gradient));
    };
    const input = tensor(images);
    withReluRule(rule, () => grad(() => model.forward(input, training(rng)).sum(), [input]));
  });
  if (units === 0) return Number.NEGATIVE_INFINITY;
  const factor = choleskyFactor(Float64Array.from((await alike.read()).data), batch);
  let logDeterminant = 0;
  for (let i = 0; i < batch; i++) logDeterminant += 2 * Math.log(factor[i * batch + i]!);
  return logDeterminant;
}
