/** What can be set in Classify. */

import { type ChoiceSetting, choice, type NumberSetting, real, type TextSetting, text, whole } from "../../settings/schema.ts";
import type { NetworkName } from "./contract.ts";

export type ClassifyForm = {
  readonly set: ChoiceSetting<"mnist" | "fashion" | "cifar" | "folder">;
  readonly network: ChoiceSetting<NetworkName>;
  readonly layers: TextSetting;
  readonly epochs: NumberSetting;
  readonly count: NumberSetting;
  readonly batchSize: NumberSetting;
  readonly learningRate: NumberSetting;
  readonly seed: NumberSetting;
};

export const classifySchema: ClassifyForm = {
  set: choice("Images", {
    options: [
      { value: "mnist", label: "Digits", note: "MNIST: handwritten digits, 28 × 28." },
      { value: "fashion", label: "Clothes", note: "Fashion-MNIST: photographs of clothes, 28 × 28." },
      { value: "cifar", label: "Things", note: "CIFAR-10: animals and vehicles, 32 × 32 in colour." },
      { value: "folder", label: "Yours", note: "A folder of your own, or pictures of your camera. They stay on this machine." },
    ],
    initial: "mnist",
  }),
  network: choice("Network", {
    options: [
      { value: "lenet", label: "LeNet" },
      { value: "vgg", label: "Small VGG" },
      { value: "keras", label: "Keras CNN" },
      { value: "layers", label: "Your own layers" },
    ],
    initial: "lenet",
  }),
  layers: text("Layers", { initial: "conv16 pool conv32 pool dense64", longest: 200 }),
  epochs: whole("Epochs", { initial: 5, minimum: 1, maximum: 100 }),
  count: whole("Images", { initial: 10_000, minimum: 100, maximum: 10_000 }),
  batchSize: whole("Batch", { initial: 64, minimum: 4, maximum: 512 }),
  learningRate: real("Learning rate", { initial: 0.002, minimum: 0.000001, maximum: 1 }),
  seed: whole("Seed", { initial: 1, minimum: 0, maximum: 2 ** 31 }),
};
