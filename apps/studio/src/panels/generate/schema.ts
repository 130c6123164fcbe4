/** What can be set in Generate. */

import { type ChoiceSetting, choice, type NumberSetting, real, whole } from "../../settings/schema.ts";
import type { Method } from "./contract.ts";

export type GenerateForm = {
  readonly set: ChoiceSetting<"mnist" | "fashion">;
  readonly method: ChoiceSetting<Method>;
  readonly size: ChoiceSetting<"small" | "full">;
  readonly epochs: NumberSetting;
  readonly learningRate: NumberSetting;
  readonly batchSize: NumberSetting;
  readonly count: NumberSetting;
  readonly seed: NumberSetting;
};

export const generateSchema: GenerateForm = {
  set: choice("Imitate", {
    options: [
      { value: "mnist", label: "Digits" },
      { value: "fashion", label: "Clothes" },
    ],
    initial: "mnist",
  }),
  method: choice("Method", {
    options: [
      { value: "dcgan", label: "DCGAN", note: "The classic: the critic says real or fake, and the generator learns to be called real." },
      {
        value: "wgan-gp",
        label: "WGAN-GP",
        note: "A critic that measures a distance and goes before the generator: slow and steady.",
      },
      { value: "lsgan", label: "LSGAN", note: "Least squares in the place of probabilities: collapses less." },
      {
        value: "ddpm",
        label: "DDPM",
        note: "Denoising diffusion: learns to find the noise in a picture, and draws by taking it away bit by bit.",
      },
    ],
    initial: "dcgan",
  }),
  size: choice("Networks", {
    options: [
      { value: "small", label: "Small", note: "A few channels: the quickest to watch." },
      { value: "full", label: "Full", note: "The channels that dl train has: better drawings, much more work." },
    ],
    initial: "small",
  }),
  epochs: whole("Epochs", { initial: 12, minimum: 1, maximum: 500 }),
  learningRate: real("Learning rate", { initial: 0.001, minimum: 0.000001, maximum: 0.1 }),
  batchSize: whole("Batch", { initial: 64, minimum: 8, maximum: 256 }),
  count: whole("Images", { initial: 5000, minimum: 200, maximum: 10_000 }),
  seed: whole("Seed", { initial: 1, minimum: 0, maximum: 2 ** 31 }),
};

/** The learning rate and the batch that a method and a size of networks want. */
export function suggested({ method, size }: { readonly method: Method; readonly size: "small" | "full" }): {
  readonly learningRate: number;
  readonly batchSize: number;
} {
  // Diffusion learns by the number of its steps more than by their size.
  if (method === "ddpm") return size === "small" ? { learningRate: 0.003, batchSize: 32 } : { learningRate: 0.001, batchSize: 64 };
  return { learningRate: 0.001, batchSize: 64 };
}
