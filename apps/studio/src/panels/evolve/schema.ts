/** What can be set in Evolve. */

import { type ChoiceSetting, choice, type NumberSetting, whole } from "../../settings/schema.ts";
import type { StrategyName } from "./contract.ts";

export type EvolveForm = {
  readonly set: ChoiceSetting<"mnist" | "fashion">;
  readonly strategy: ChoiceSetting<StrategyName>;
  readonly trials: NumberSetting;
  readonly population: NumberSetting;
  readonly count: NumberSetting;
  readonly epochs: NumberSetting;
  readonly seed: NumberSetting;
};

export const evolveSchema: EvolveForm = {
  set: choice("Images", {
    options: [
      { value: "mnist", label: "Digits" },
      { value: "fashion", label: "Clothes" },
    ],
    initial: "mnist",
  }),
  strategy: choice("Strategy", {
    options: [
      { value: "nsga2", label: "NSGA-II", note: "Accuracy against size: keeps a front of trade-offs." },
      { value: "ageing", label: "Ageing", note: "Regularised evolution: the best of a few has a child, the oldest dies." },
      { value: "random", label: "Random", note: "What the others must beat." },
    ],
    initial: "nsga2",
  }),
  trials: whole("Networks", { initial: 40, minimum: 2, maximum: 500 }),
  population: whole("Population", { initial: 8, minimum: 2, maximum: 50 }),
  count: whole("Images each", { initial: 1000, minimum: 100, maximum: 5000 }),
  epochs: whole("Epochs each", { initial: 2, minimum: 1, maximum: 20 }),
  seed: whole("Seed", { initial: 1, minimum: 0, maximum: 2 ** 31 }),
};
