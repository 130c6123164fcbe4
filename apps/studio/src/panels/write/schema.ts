/** What can be set in Write. */

import { type ChoiceSetting, choice, type NumberSetting, real, whole } from "../../settings/schema.ts";
import type { ModelSize } from "./contract.ts";

export type WriteForm = {
  readonly text: ChoiceSetting<"shakespeare" | "own">;
  readonly size: ChoiceSetting<ModelSize>;
  readonly steps: NumberSetting;
  readonly batchSize: NumberSetting;
  readonly learningRate: NumberSetting;
  readonly seed: NumberSetting;
};

export const writeSchema: WriteForm = {
  text: choice("Text", {
    options: [
      { value: "shakespeare", label: "Shakespeare", note: "Tiny Shakespeare: 1.1 million characters of the plays." },
      { value: "own", label: "Yours", note: "Any text of some thousand characters, in any language." },
    ],
    initial: "shakespeare",
  }),
  size: choice("Model", {
    options: [
      { value: "tiny", label: "Tiny", note: "2 layers of 64, sees 48 characters." },
      { value: "small", label: "Small", note: "3 layers of 96, sees 64 characters." },
      { value: "nano", label: "nanoGPT", note: "4 layers of 128, sees 64: 0.8 million parameters, as dl train trains it." },
    ],
    initial: "tiny",
  }),
  steps: whole("Steps", { initial: 1500, minimum: 10, maximum: 100_000 }),
  batchSize: whole("Batch", { initial: 16, minimum: 1, maximum: 128 }),
  learningRate: real("Learning rate", { initial: 0.003, minimum: 0.000001, maximum: 0.1 }),
  seed: whole("Seed", { initial: 1, minimum: 0, maximum: 2 ** 31 }),
};
