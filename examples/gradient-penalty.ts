/**
 * Gradients of gradients: a critic with a gradient penalty measures how far two distributions are apart.
 * Gulrajani et al. 2017, "Improved training of Wasserstein GANs", arXiv:1704.00028, equation 3.
 *
 * The two are one cloud of points and the same cloud moved by (3, 4): their Wasserstein distance is d = 5. The penalty λ·(slope − 1)² is
 * soft: the critic gains slope·d, so its best slope is 1 + d/2λ, and the distance it says is d + d²/2λ.
 */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { grad, leakyRelu, mean, openDevice, Rng, type Scalar, type Tensor, tensor, upload, valueAndGrad } from "@dl/core";
import { Adam, Linear, Module } from "@dl/nn";

const quick = process.argv.includes("--quick");
const options = { steps: quick ? 400 : 2000, batchSize: 256, width: 64, penalty: 10, learningRate: 2e-3, shift: [3, 4], seed: 1 };

/** Points `[B, 2]` → scores `[B, 1]`. */
class Critic extends Module {
  readonly layers: readonly Linear[];

  constructor({ width, rng }: { width: number; rng: Rng }) {
    super();
    const sizes = [2, width, width, 1];
    this.layers = sizes.slice(1).map((outputs, i) => new Linear({ inputs: sizes[i]!, outputs, rng: rng.fork(`layer ${i}`) }));
  }

  forward(points: Tensor): Tensor {
    const [first, second, head] = this.layers as [Linear, Linear, Linear];
    return head.forward(leakyRelu(second.forward(leakyRelu(first.forward(points), 0.2)), 0.2));
  }
}

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());
using critic = new Critic({ width: options.width, rng: rng.fork("init") });
using optimizer = new Adam(critic.parameters(), { learningRate: options.learningRate, beta1: 0.5, beta2: 0.9 });

/** Mean squared distance of ‖∂ score / ∂ point‖ from 1. Its own gradient, by the critic's weights, is a second derivative. */
function gradientPenalty(points: Tensor): Scalar {
  const [gradient] = grad(() => critic.forward(points).sum(), [points]); // [B, 2]
  return mean(gradient!.square().sum(-1).add(1e-12).sqrt().sub(1).square());
}

let distance = 0;
for (let step = 0; step < options.steps; step++) {
  const draw = rng.fork(`step ${step}`);
  const shape = [options.batchSize, 2];
  const batch = { near: draw.normal(shape), other: draw.normal(shape), mix: draw.uniform([options.batchSize, 1]) };
  const result = await device.compute(() => {
    const { near, other, mix } = upload(batch);
    const far = other.add(tensor(options.shift)); // [B, 2]
    const between = near.mul(mix).add(far.mul(mix.neg().add(1))); // [B, 2]
    const { value, grads } = valueAndGrad(() => {
      const distance = mean(critic.forward(far)).sub(mean(critic.forward(near)));
      const penalty = gradientPenalty(between);
      return { loss: penalty.mul(options.penalty).sub(distance), distance, penalty };
    }, critic.parameters());
    optimizer.update(grads);
    return value;
  });
  // One batch is noisy: a running mean.
  distance = step === 0 ? result.distance : 0.95 * distance + 0.05 * result.distance;
  if ((step + 1) % (options.steps / 5) === 0) {
    console.log(`step ${step + 1}: distance ${distance.toFixed(3)}, penalty ${result.penalty.toFixed(4)}`);
  }
}
const moved = Math.hypot(...options.shift);
const expected = moved + moved ** 2 / (2 * options.penalty);
console.log(`distance ${distance.toFixed(3)}, in theory ${expected.toFixed(3)} for points moved by ${moved}`);
