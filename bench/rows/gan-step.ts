/** Claim: a step of both players of a DCGAN costs no more than in PyTorch. */

import { type HostTensor, tensor, upload } from "@dl/core";
import { adversarialStep, DcganDiscriminator, DcganGenerator, dcganMnist, metricsOf, nonSaturating, Readings } from "@dl/gan";
import { Adam, type Mode, readState, training } from "@dl/nn";
import type { BenchCase } from "../case.ts";
import { type Preparation, timed, type Workload } from "../workload.ts";
import { syntheticImages } from "./synthetic-images.ts";
import { checkedSteps } from "./training-workload.ts";

/** The essay's networks on 28×28 images; two Adams; the generator is told what the discriminator has just learned from, as PyTorch's tutorial does. */
async function prepare({ device, parameters, rng, share }: Preparation): Promise<Workload> {
  const { batch: count, learningRate } = parameters as { batch: number; learningRate: number };
  const generator = new DcganGenerator({ ...dcganMnist.generator, rng: rng.fork("generator") });
  const discriminator = new DcganDiscriminator({ ...dcganMnist.discriminator, rng: rng.fork("discriminator") });
  const optimizers = {
    generator: new Adam(generator.parameters(), { learningRate: learningRate!, beta1: 0.5 }),
    discriminator: new Adam(discriminator.parameters(), { learningRate: learningRate!, beta1: 0.5 }),
  };
  const readings = new Readings();
  const { images } = syntheticImages(rng.fork("data"), { batch: count, size: 28, channels: 1, classes: 2 });
  const latents = rng.fork("latents").normal([count, 100]);
  const named = (player: string, state: ReadonlyMap<string, HostTensor>) =>
    [...state].map(([path, value]): [string, HostTensor] => [`${player}.${path}`, value]);
  await share(
    new Map([
      ...named("generator", await readState(generator)),
      ...named("discriminator", await readState(discriminator)),
      ["images", images],
      ["latents", latents],
    ]),
  );
  const mode = training(rng.fork("mode")) as Mode & { readonly training: true };
  const loss = nonSaturating();
  const step = async (): Promise<readonly [number, number]> => {
    const values = await device.compute(() => {
      const batch = upload({ images });
      const drawn = tensor(latents);
      return adversarialStep(
        {
          ...{ optimizers, loss, mode, movesGenerator: true, step: 0 },
          real: batch.images,
          generate: () => generator.forward(drawn, mode),
          discriminate: (examples) => discriminator.forward(examples, mode),
        },
        readings,
      );
    });
    const { discriminatorLoss, generatorLoss } = metricsOf(values.data);
    return [discriminatorLoss!, generatorLoss!];
  };
  const check: number[] = [];
  for (let i = 0; i < checkedSteps; i++) check.push(...(await step()));
  return { check, run: timed(step) };
}

export const ganStep: BenchCase = {
  name: "gan-step-64",
  title: "DCGAN, a step of both players, batch 64",
  workload: "gan-step",
  parameters: { batch: 64, learningRate: 2e-4 },
  quick: { batch: 4 },
  device: "wasm",
  measures: "time",
  prepare,
  peers: ["torch"],
  // Adam's first steps are as long for a gradient of rounding as for any other.
  tolerance: 1e-3,
  floors: [{ of: "ratio", peer: "torch", atMost: () => 1.5 }],
};
