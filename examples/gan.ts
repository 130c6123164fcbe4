/**
 * A GAN in your own loop: two players, two optimizers, one step each. `fitGan` of @dl/gan is this loop with callbacks and diagnostics.
 * Goodfellow et al. 2014, arXiv:1406.2661, with the R1 penalty of Mescheder et al. 2018, arXiv:1801.04406.
 *
 * The data are eight small clouds on a ring: how many of them the generator finds can be counted.
 */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { leakyRelu, openDevice, Rng, stopGradient, tensor, upload, valueAndGrad } from "@dl/core";
import { nonSaturating, r1Penalty } from "@dl/gan";
import { Adam, inference, Linear, Sequential } from "@dl/nn";

const quick = process.argv.includes("--quick");
const options = { steps: quick ? 1200 : 4000, batchSize: 64, width: 48, latent: 8, learningRate: 1e-3, penalty: 0.1, seed: 1 };

const rng = new Rng(options.seed);
const centres = Array.from({ length: 8 }, (_, i) => [2 * Math.cos((i * Math.PI) / 4), 2 * Math.sin((i * Math.PI) / 4)] as const);

/** Points `[count, 2]`, each near one of the centres. */
function realPoints(count: number, rng: Rng) {
  const points = rng.fork("noise").normal([count, 2], 0, 0.05);
  const choice = rng.fork("choice").integers([count], 0, 8).data;
  for (let i = 0; i < 2 * count; i++) points.data[i]! += centres[choice[i >> 1]!]![i % 2]!;
  return points;
}

function network(inputs: number, outputs: number, rng: Rng): Sequential {
  const { width } = options;
  const activate = (x: Parameters<typeof leakyRelu>[0]) => leakyRelu(x, 0.2);
  return new Sequential([
    new Linear({ inputs, outputs: width, rng: rng.fork("first") }),
    activate,
    new Linear({ inputs: width, outputs: width, rng: rng.fork("second") }),
    activate,
    new Linear({ inputs: width, outputs, rng: rng.fork("last") }),
  ]);
}

await using device = await openDevice(wasm(), cpu());
using generator = network(options.latent, 2, rng.fork("generator"));
using discriminator = network(2, 1, rng.fork("discriminator"));
using generatorOptimizer = new Adam(generator.parameters(), { learningRate: options.learningRate, beta1: 0.5 });
using discriminatorOptimizer = new Adam(discriminator.parameters(), { learningRate: options.learningRate, beta1: 0.5 });
const loss = nonSaturating();

for (let step = 0; step < options.steps; step++) {
  const draw = rng.fork(`step ${step}`);
  const batch = { real: realPoints(options.batchSize, draw), latents: draw.fork("latents").normal([options.batchSize, options.latent]) };
  const losses = await device.compute(() => {
    const { real, latents } = upload(batch);
    const judge = (points: typeof real) => discriminator.forward(points, inference);
    const d = valueAndGrad(() => {
      const fake = stopGradient(generator.forward(latents, inference));
      const penalty = r1Penalty(judge, real, { weight: options.penalty });
      return loss.discriminator(judge(real), judge(fake)).add(penalty);
    }, discriminator.parameters());
    discriminatorOptimizer.update(d.grads);
    const g = valueAndGrad(() => loss.generator(judge(generator.forward(latents, inference))), generator.parameters());
    generatorOptimizer.update(g.grads);
    return { discriminator: d.value, generator: g.value };
  });
  if ((step + 1) % (options.steps / 4) === 0) {
    console.log(`step ${step + 1}: discriminator ${losses.discriminator.toFixed(3)}, generator ${losses.generator.toFixed(3)}`);
  }
}

const latents = rng.fork("test").normal([1000, options.latent]);
const { data } = await device.compute(() => generator.forward(tensor(latents), inference));
const found = new Set<number>();
for (let i = 0; i < 1000; i++) {
  const distances = centres.map(([x, y]) => Math.hypot(data[2 * i]! - x, data[2 * i + 1]! - y));
  const nearest = distances.indexOf(Math.min(...distances));
  if (distances[nearest]! < 0.2) found.add(nearest);
}
console.log(`clouds found ${found.size} of 8`);
