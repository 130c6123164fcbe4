/** Every recipe, by the name `dl train` takes. */

import { UsageError } from "../command.ts";
import { airbench94Cifar10 } from "./airbench94-cifar10.ts";
import { cctCifar10 } from "./cct-cifar10.ts";
import { cellCifar10, cellMnist } from "./cells.ts";
import { cganMnist } from "./cgan-mnist.ts";
import { clipShapes } from "./clip-shapes.ts";
import { convFashionMnist } from "./conv-fashion-mnist.ts";
import { conv5fc3Cifar10 } from "./conv5fc3-cifar10.ts";
import { dcganMnist } from "./dcgan-mnist.ts";
import { ddpmMnist } from "./ddpm-mnist.ts";
import { detectShapes } from "./detect-shapes.ts";
import { dialogue } from "./dialogue.ts";
import { distilCifar10 } from "./distil-cifar10.ts";
import { featuresCifar10, featuresFashion, featuresMnist } from "./features-mnist.ts";
import { finetuneFolder } from "./finetune-folder.ts";
import { gptShakespeare } from "./gpt-shakespeare.ts";
import { kerasCnnCifar10 } from "./keras-cnn-cifar10.ts";
import { lenetCifar10 } from "./lenet-cifar10.ts";
import { lenetMnist } from "./lenet-mnist.ts";
import { maskedCifar10 } from "./masked-cifar10.ts";
import { mlm } from "./mlm.ts";
import { ner } from "./ner.ts";
import { privateMnist } from "./private-mnist.ts";
import { qa } from "./qa.ts";
import type { Recipe } from "./recipe.ts";
import { relation } from "./relation.ts";
import { resnet20Cifar10 } from "./resnet20-cifar10.ts";
import { rotationCifar10 } from "./rotation-cifar10.ts";
import { sentiment } from "./sentiment.ts";
import { sentimentPretrained } from "./sentiment-pretrained.ts";
import { simclrCifar10 } from "./simclr-cifar10.ts";
import { snganFashion } from "./sngan-fashion.ts";
import { summarise } from "./summarise.ts";
import type { TaskRecipe } from "./task-recipe.ts";
import { translate } from "./translate.ts";
import { unetShapes } from "./unet-shapes.ts";
import { vitCifar10 } from "./vit-cifar10.ts";
import { wganGpMnist } from "./wgan-gp-mnist.ts";

export const recipes: readonly Recipe[] = [
  lenetMnist,
  convFashionMnist,
  lenetCifar10,
  kerasCnnCifar10,
  conv5fc3Cifar10,
  resnet20Cifar10,
  airbench94Cifar10,
  cctCifar10,
  cellCifar10,
  cellMnist,
  featuresMnist,
  featuresFashion,
  featuresCifar10,
];

/** Recipes of other forms than image classifiers. */
export const taskRecipes: readonly TaskRecipe[] = [
  finetuneFolder,
  simclrCifar10,
  maskedCifar10,
  distilCifar10,
  rotationCifar10,
  unetShapes,
  detectShapes,
  gptShakespeare,
  sentiment,
  mlm,
  sentimentPretrained,
  ner,
  clipShapes,
  translate,
  summarise,
  dialogue,
  qa,
  relation,
  vitCifar10,
  dcganMnist,
  wganGpMnist,
  cganMnist,
  snganFashion,
  ddpmMnist,
  privateMnist,
];

const all: readonly (Recipe | TaskRecipe)[] = [...recipes, ...taskRecipes];

export function recipeNamed(name: string): Recipe | TaskRecipe {
  const recipe = all.find((candidate) => candidate.name === name);
  if (!recipe)
    throw new UsageError(`expected a recipe (${all.map((candidate) => candidate.name).join(", ")}), got ${JSON.stringify(name)}.`);
  return recipe;
}

/** The preset of that name; the recipe's first when there is none. */
export function presetNamed<R extends Recipe | TaskRecipe>({ name: recipe, presets }: R, name: string = presets[0].name): R["presets"][0] {
  const preset = presets.find((candidate) => candidate.name === name);
  if (!preset) {
    const known = presets.map((candidate) => candidate.name).join(", ");
    throw new UsageError(`--preset: expected one of ${recipe} (${known}), got ${JSON.stringify(name)}.`);
  }
  return preset;
}

/** Recipes and their presets, for `--help`. */
export function listRecipes(): string {
  const rows = all.flatMap(({ name, presets }) =>
    presets.map((preset, i) => [i === 0 ? name : `  --preset ${preset.name}`, preset.summary] as const),
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, summary]) => `  ${left.padEnd(width)}  ${summary}`).join("\n");
}
