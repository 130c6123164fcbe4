/** Trains a recipe in a run folder, from its start or from its last checkpoint. */

import { argmax, type Device, equal, mean, Rng, type Scalar } from "@dl/core";
import { crossEntropy, inference, readState, writeSafetensors } from "@dl/nn";
import { EarlyStopping, evaluate, type FitResult, fit, NanStop, renderRunReport, ShowProgress } from "@dl/train";
import { Checkpoints, CsvLog, checkpointName, type RunFolder, resumeFrom, stderrTerminal, TensorBoardLog } from "@dl/train/node";
import { type Evaluation, evaluateClassifier } from "./evaluation.ts";
import { reportOf } from "./report.ts";
import { modelName, type RunFile } from "./run-file.ts";
import { loadTestData, loadTrainingData, makeModel, normalization } from "./session.ts";

export interface TrainingResult extends FitResult {
  readonly seconds: number;
  /** Undefined when the run was interrupted. */
  readonly evaluation: Evaluation | undefined;
}

export async function trainRun(
  { recipe, settings }: RunFile,
  { device, folder, resume, signal }: { device: Device; folder: RunFolder; resume: boolean; signal: AbortSignal },
): Promise<TrainingResult> {
  const start = performance.now();
  const rng = new Rng(settings.seed);
  const { train, validation } = await loadTrainingData(recipe, settings);
  const stepsPerEpoch = Math.ceil(train.length / settings.batchSize);
  using model = makeModel(recipe, settings);
  using optimizer = recipe.optimizer(model, { ...settings, steps: settings.epochs * stepsPerEpoch });
  const resumed = resume ? await resumeFrom(folder.file(checkpointName), { model, optimizer }) : undefined;

  const validate = async (): Promise<Record<string, number>> => {
    const means = await evaluate({
      device,
      dataset: validation!,
      transform: normalization(recipe),
      step: ({ images, labels }) => {
        const logits = model.forward(images, inference);
        return { loss: crossEntropy(logits, labels), accuracy: accuracyOf(logits, labels) };
      },
    });
    return { ...means };
  };
  const result = await fit({
    device,
    model,
    optimizer,
    dataset: train,
    batchSize: settings.batchSize,
    epochs: settings.epochs,
    rng: rng.fork("fit"),
    transform: [...recipe.augmentation, normalization(recipe)],
    step: ({ images, labels }, mode) => {
      const logits = model.forward(images, mode); // [B, C]
      return { loss: crossEntropy(logits, labels, { labelSmoothing: recipe.labelSmoothing }), accuracy: accuracyOf(logits, labels) };
    },
    ...(validation && { validate }),
    callbacks: [
      new ShowProgress({ terminal: stderrTerminal(), unit: "images" }),
      new NanStop(),
      new CsvLog(folder.file("metrics.csv")),
      new TensorBoardLog({ folder: folder.file("tensorboard") }),
      new Checkpoints({ folder }),
      ...(validation ? [new EarlyStopping({ patience: recipe.patience })] : []),
    ],
    signal,
    ...(resumed && { resume: resumed }),
  });
  const seconds = (): number => (performance.now() - start) / 1000;
  if (result.reason === "stopped") return { ...result, seconds: seconds(), evaluation: undefined };

  await folder.write(modelName, writeSafetensors(await readState(model)));
  const test = await loadTestData(recipe);
  const evaluation = await evaluateClassifier(recipe, model, { device, dataset: test });
  const trained = { ...result, seconds: seconds(), evaluation };
  await folder.write("report.html", renderRunReport(reportOf({ recipe, settings }, trained, { device, test })));
  return trained;
}

/** The share of rows whose largest logit is the label's. */
function accuracyOf(logits: Parameters<typeof argmax>[0], labels: Parameters<typeof equal>[0]): Scalar {
  return mean(equal(argmax(logits, -1), labels).cast("float32"));
}
