/** A run's model as other formats take it: its forward pass from plain inputs to plain outputs. */

import type { QuantisedModel } from "@dl/compress";
import { softmax, type Tensor, tensor } from "@dl/core";
import type { InputSpec, InputTensors } from "@dl/export";
import { inference, type Module } from "@dl/nn";
import { loadClassifier, logitsOf } from "./classifier.ts";
import { UsageError } from "./command.ts";
import { portableTransformer } from "./portable-transformer.ts";
import { isGenerative, loadGenerator } from "./recipes/generative-recipe.ts";
import { type AnyRun, isTaskRun } from "./run.ts";
import { modelFile } from "./run-files.ts";

type Inputs = Readonly<Record<string, InputSpec>>;

export interface PortableModel {
  readonly model: Module;
  readonly inputs: Inputs;
  readonly forward: (inputs: InputTensors<Inputs>) => Readonly<Record<string, Tensor>>;
  /** Largest sizes of free axes, where the model has them. */
  readonly largest?: Readonly<Record<string, number>>;
  /** What rounds the weights and the inputs of layers, inside the model. */
  readonly rounding?: QuantisedModel | undefined;
  /** What a user of the file has to know. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The trained model of a run: classifiers with their normalisation, generators, transformers. */
export async function portableModel(run: AnyRun, folder: string): Promise<PortableModel> {
  const { recipe } = run;
  const about = { recipe: recipe.name, preset: run.preset.name };
  if (!isTaskRun(run) || run.recipe.classifier !== undefined) {
    const classifier = await loadClassifier(run, folder);
    const { model, rounding, classNames, imageShape } = classifier;
    const { mean, standardDeviation } = classifier.normalization;
    return {
      ...{ model, rounding },
      inputs: { images: { shape: ["batch", ...imageShape] } },
      forward: ({ images }) => {
        // Pixels from 0 to 1: what the model was trained on is part of the file.
        const normal = images!.sub(tensor([...mean])).div(tensor([...standardDeviation]));
        const logits = logitsOf(classifier, normal);
        return { logits, probabilities: softmax(logits) };
      },
      metadata: { ...about, classes: JSON.stringify(classNames), images: "pixels from 0 to 1, [batch, height, width, channels]" },
    };
  }
  if (isGenerative(run)) {
    const { preset } = run;
    const model = await loadGenerator(run, folder);
    const latents = { shape: ["batch", preset.latent] } as const;
    const labels = { shape: ["batch"], dtype: "int32" } as const;
    return {
      model,
      inputs: preset.isConditional ? { latents, labels } : { latents },
      forward: ({ latents, labels }) => {
        const none = tensor({ shape: [1], dtype: "int32", data: new Int32Array(1) });
        return { images: preset.draw(model, { latents: latents!, labels: labels ?? none, mode: inference }) };
      },
      metadata: { ...about, images: "from -1 to 1, [batch, height, width, channels]" },
    };
  }
  await modelFile(folder);
  const transformer = await portableTransformer(folder);
  if (transformer) return { ...transformer, metadata: { ...about, ids: "as tokenizer.json of the run folder has them" } };
  throw new UsageError(`expected a run of a classifier, a generator or a transformer, got one of ${recipe.name}.`);
}
