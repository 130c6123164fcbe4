/**
 * Images into images, learned from pairs: outlines of shapes are filled. Isola et al. 2017, arXiv:1611.07004, in small.
 *
 * What is right is known here, so that the distance from it can be told: without it the outlines themselves are the yardstick.
 */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type HostTensor, hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { fitPix2pix, PatchDiscriminator, UnetGenerator } from "@dl/gan";
import { Adam, inference } from "@dl/nn";
import { shapeScene } from "@dl/tooling/task-sets";

const quick = process.argv.includes("--quick");
const options = { side: 16, pairs: quick ? 128 : 512, epochs: quick ? 12 : 30, batchSize: 16, widths: [16, 32, 32], seed: 1 };
const rng = new Rng(options.seed);

/** `count` outlines and what they are outlines of, in −1 and 1: `[count, side, side, 1]`. */
function pairs(count: number, rng: Rng): { inputs: HostTensor; targets: HostTensor } {
  const { side } = options;
  const [inputs, targets] = [new Float32Array(count * side * side).fill(-1), new Float32Array(count * side * side).fill(-1)];
  for (let n = 0; n < count; n++) {
    const { mask } = shapeScene(rng.fork(`scene ${n}`), { side });
    const isShape = (y: number, x: number): boolean => y >= 0 && y < side && x >= 0 && x < side && mask.data[y * side + x]! > 0;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        if (!isShape(y, x)) continue;
        const at = (n * side + y) * side + x;
        targets[at] = 1;
        const isInner = isShape(y - 1, x) && isShape(y + 1, x) && isShape(y, x - 1) && isShape(y, x + 1);
        if (!isInner) inputs[at] = 1;
      }
    }
  }
  const shape = [count, side, side, 1];
  return { inputs: hostTensor(inputs, shape), targets: hostTensor(targets, shape) };
}

await using device = await openDevice(wasm(), cpu());
using generator = new UnetGenerator({ inputs: 1, outputs: 1, widths: options.widths, dropout: 0, rng: rng.fork("generator") });
// It sees the outline and the filled shape, one behind the other.
using discriminator = new PatchDiscriminator({ channels: 2, widths: [16], rng: rng.fork("discriminator") });
using generatorOptimizer = new Adam(generator.parameters(), { learningRate: 2e-3, beta1: 0.5 });
using discriminatorOptimizer = new Adam(discriminator.parameters(), { learningRate: 1e-3, beta1: 0.5 });

const others = pairs(64, rng.fork("others"));
function distance({ data }: HostTensor): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Math.abs(data[i]! - others.targets.data[i]!);
  return sum / data.length;
}
const made = () => device.compute(() => generator.forward(tensor(others.inputs), inference));

await fitPix2pix({
  ...{ device, generator, discriminator, batchSize: options.batchSize, epochs: options.epochs, rng: rng.fork("fit") },
  dataset: arrayDataset(pairs(options.pairs, rng.fork("pairs"))),
  optimizers: { generator: generatorOptimizer, discriminator: discriminatorOptimizer },
  callbacks: [
    {
      name: "tell",
      onEpoch: async (_, { epoch }) => {
        if ((epoch + 1) % (options.epochs / 3) === 0) console.log(`epoch ${epoch + 1}: distance ${distance(await made()).toFixed(3)}`);
      },
    },
  ],
});
console.log(`distance ${distance(await made()).toFixed(3)}, of the outlines ${distance(others.inputs).toFixed(3)}`);
