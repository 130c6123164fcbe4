import { Rng, type Tensor, tensor } from "@dl/core";
import {
  AuxiliaryDiscriminator,
  ConditionalDiscriminator,
  ConditionalGenerator,
  CycleGenerator,
  DcganDiscriminator,
  DcganGenerator,
  DiffusionUnet,
  PatchDiscriminator,
  SnganDiscriminator,
  SnganGenerator,
  UnetGenerator,
  Vae,
} from "@dl/gan";
import { inference, type Module, training } from "@dl/nn";
import { test } from "vitest";
import type { InputSpec } from "../trace/trace-model.ts";
import { checkExport, device, onnxNode, onnxWeb } from "./export-fixture.ts";

const rng = new Rng(9);
const init = rng.fork("init");
const latents = { shape: ["batch", 8] } as const;
const labels = { shape: ["batch"], dtype: "int32" } as const;
const images = { shape: ["batch", 8, 8, 3] } as const;

type Inputs = Readonly<Record<string, InputSpec>>;
type Forward = (inputs: Readonly<Record<string, Tensor>>) => Tensor | Readonly<Record<string, Tensor>>;

interface Subject {
  readonly model: Module;
  readonly inputs: Inputs;
  readonly forward: Forward;
}

/** A model, its inputs, and its pass in inference. */
function family<M extends Module>(
  model: M,
  inputs: Inputs,
  pass: (model: M, inputs: Readonly<Record<string, Tensor>>) => ReturnType<Forward>,
): Subject {
  return { model, inputs, forward: (given: Readonly<Record<string, Tensor>>) => pass(model, given) };
}

/** Other weights than the first: some of a diffusion network's are zero, and would hide what comes before them. */
function stirred<M extends Module>(model: M): M {
  for (const [path, parameter] of model.namedParameters()) parameter.load(rng.fork(path).normal(parameter.shape, 0, 0.3));
  return model;
}

const small = { latent: 8, startSize: 4, startWidth: 8, widths: [8, 4], channels: 1, rng: init } as const;
const critic = { imageSize: 8, channels: 3, widths: [4, 8], rng: init } as const;

/** With spectral norms that are those of the weights: they are found step by step, as batches go through in training. */
async function warmed(model: SnganDiscriminator): Promise<SnganDiscriminator> {
  const seen = { images: rng.fork("seen").normal([2, 8, 8, 3]), labels: rng.fork("labels").integers([2], 0, 3) };
  for (let step = 0; step < 20; step++) {
    await device.compute(() => void model.forward(tensor(seen.images), tensor(seen.labels), training(rng)));
  }
  return model;
}

const families: Readonly<Record<string, () => Subject | Promise<Subject>>> = {
  "DCGAN's generator": () => family(new DcganGenerator(small), { latents }, (model, { latents }) => model.forward(latents!, inference)),
  "DCGAN's discriminator": () =>
    family(new DcganDiscriminator({ ...critic, batchNorm: true }), { images }, (model, { images }) => model.forward(images!, inference)),
  "a conditional generator": () =>
    family(new ConditionalGenerator({ ...small, classes: 3 }), { latents, labels }, (model, { latents, labels }) =>
      model.forward(latents!, labels!, inference),
    ),
  "a conditional discriminator": () =>
    family(new ConditionalDiscriminator({ ...critic, classes: 3 }), { images, labels }, (model, { images, labels }) =>
      model.forward(images!, labels!, inference),
    ),
  "AC-GAN's discriminator": () =>
    family(new AuxiliaryDiscriminator({ ...critic, classes: 3 }), { images }, (model, { images }) => ({
      ...model.forward(images!, inference),
    })),
  "SNGAN's generator": () =>
    family(new SnganGenerator({ latent: 8, startSize: 4, widths: [8, 8], channels: 3, rng: init }), { latents }, (model, { latents }) =>
      model.forward(latents!, undefined, inference),
    ),
  "SNGAN's generator of classes": () =>
    family(
      new SnganGenerator({ latent: 8, startSize: 4, widths: [8], channels: 3, classes: 3, rng: init }),
      { latents, labels },
      (model, { latents, labels }) => model.forward(latents!, labels!, inference),
    ),
  "SNGAN's discriminator, with projection": async () =>
    family(await warmed(new SnganDiscriminator({ ...critic, classes: 3 })), { images, labels }, (model, { images, labels }) =>
      model.forward(images!, labels!, inference),
    ),
  "a variational autoencoder": () =>
    family(new Vae({ imageSize: 8, channels: 3, latent: 4, widths: [4, 8], rng: init }), { images }, (model, { images }) => ({
      ...model.forward(images!, inference),
    })),
  "its decoder": () =>
    family(new Vae({ imageSize: 8, channels: 3, latent: 8, widths: [4, 8], rng: init }), { latents }, (model, { latents }) =>
      model.decode(latents!),
    ),
  "a diffusion U-Net": () =>
    family(
      stirred(new DiffusionUnet({ imageSize: 8, channels: 3, widths: [8, 8, 8], classes: 3, rng: init })),
      { images, times: { shape: ["batch"] }, labels },
      (model, { images, times, labels }) => model.forward(images!, times!, labels!),
    ),
  "CycleGAN's generator": () =>
    family(new CycleGenerator({ channels: 3, width: 4, blocks: 1, rng: init }), { images }, (model, { images }) => model.forward(images!)),
  "pix2pix's generator": () =>
    family(new UnetGenerator({ inputs: 3, outputs: 2, widths: [4, 8, 8], rng: init }), { images }, (model, { images }) =>
      model.forward(images!, inference),
    ),
  "pix2pix's discriminator": () =>
    family(
      new PatchDiscriminator({ channels: 3, widths: [4, 8], rng: init }),
      { images: { shape: ["batch", 16, 16, 3] } },
      (model, { images }) => model.forward(images!, inference),
    ),
};

for (const [name, make] of Object.entries(families)) {
  test(`${name} gives the same in ONNX Runtime, in Node and for browsers`, async () => {
    const { model, ...options } = await make();
    using _model = model;
    await checkExport(model, { ...options, sizes: [{ batch: 2 }, { batch: 5 }], ids: 3, rng, runtimes: [onnxNode, onnxWeb] });
  });
}
