/**
 * Images into images without pairs: red shapes become green, by four networks that never saw the same shape in both colours. Zhu et al. 2017,
 * arXiv:1703.10593, in small.
 *
 * What is right is known here, so that the distance from it can be told: without it the red shapes themselves are the yardstick.
 */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type HostTensor, hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { CycleGenerator, CyclePlayers, fitCycleGan, PatchDiscriminator, unpaired } from "@dl/gan";
import { Adam, inference } from "@dl/nn";
import { shapeScene } from "@dl/tooling/task-sets";

const quick = process.argv.includes("--quick");
const options = { side: 16, images: quick ? 128 : 512, epochs: quick ? 6 : 12, batchSize: 8, width: 4, cycle: 1, seed: 1 };
const rng = new Rng(options.seed);

/** `count` images of shapes in one of the three channels, in [−1, 1]: `[count, side, side, 3]`. */
function shapes(count: number, channel: number, rng: Rng): HostTensor {
  const { side } = options;
  const data = new Float32Array(count * side * side * 3).fill(-1);
  for (let n = 0; n < count; n++) {
    const { mask } = shapeScene(rng.fork(`scene ${n}`), { side });
    for (let i = 0; i < side * side; i++) if (mask.data[i]! > 0) data[(n * side * side + i) * 3 + channel] = 1;
  }
  return hostTensor(data, [count, side, side, 3]);
}

await using device = await openDevice(wasm(), cpu());
const generator = (name: string) => new CycleGenerator({ channels: 3, width: options.width, blocks: 1, rng: rng.fork(name) });
const discriminator = (name: string) => new PatchDiscriminator({ channels: 3, widths: [8], norm: "instance", rng: rng.fork(name) });
using toRed = generator("to red");
using toGreen = generator("to green");
using judgeRed = discriminator("judge red");
using judgeGreen = discriminator("judge green");
using generators = new Adam([...toRed.parameters(), ...toGreen.parameters()], { learningRate: 2e-3, beta1: 0.5 });
using discriminators = new Adam([...judgeRed.parameters(), ...judgeGreen.parameters()], { learningRate: 1e-3, beta1: 0.5 });

const red = arrayDataset({ images: shapes(options.images, 0, rng.fork("red")) });
const green = arrayDataset({ images: shapes(options.images, 1, rng.fork("green")) });
const { history } = await fitCycleGan({
  ...{ device, batchSize: options.batchSize, epochs: options.epochs, rng: rng.fork("fit") },
  players: new CyclePlayers({ toA: toRed, toB: toGreen, judgeA: judgeRed, judgeB: judgeGreen }),
  optimizers: { generators, discriminators },
  dataset: unpaired(red, green, { rng: rng.fork("order") }),
  // Colours must change: the identity's loss, which keeps them, is left out.
  ...{ cycle: options.cycle, identity: 0 },
});
for (const { epoch, metrics } of history) {
  console.log(
    `epoch ${epoch + 1}: there and back ${metrics.cycleLoss!.toFixed(2)}, discriminators right on ${(100 * metrics.fakeAccuracy!).toFixed(0)} % of made images`,
  );
}

const [given, wanted] = [shapes(64, 0, rng.fork("others")), shapes(64, 1, rng.fork("others"))];
const made = await device.compute(() => toGreen.forward(tensor(given), inference));
function distance({ data }: HostTensor): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Math.abs(data[i]! - wanted.data[i]!);
  return sum / data.length;
}
console.log(`distance ${distance(made).toFixed(3)}, of the red ones ${distance(given).toFixed(3)}`);
