/** What an encoder that learned without labels is good for with some: a linear probe, fine-tuning, self-distillation, beside training from scratch. */

import { readFile } from "node:fs/promises";
import { type ResNet, replaceHead } from "@dl/cnn";
import { DlError, Rng, type Tensor } from "@dl/core";
import { cutout, normalize, split } from "@dl/data";
import { inference, type Linear, loadState, readState, writeSafetensors } from "@dl/nn";
import type { Metrics } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import { modelName } from "../run.ts";
import { fileExists } from "../run-files.ts";
import { accuracyOf, trainOnLabels } from "./label-training.ts";
import { featuresOf, probeAccuracy, trainProbe } from "./linear-probe.ts";
import type { LabelShare } from "./pretext-parts.ts";
import type { LabelledImages } from "./recipe.ts";
import { answeredBy } from "./self-distillation.ts";
import type { SelfSupervisedPreset } from "./self-supervised.ts";
import type { TaskContext, TaskRun } from "./task-recipe.ts";

const transferName = "transfer.json";

export interface TransferOptions extends TaskContext {
  folder: RunFolder;
  data: { train: LabelledImages; test: LabelledImages };
}

/**
 * For each share of the labels: a linear probe of the features; the whole network fine-tuned from there; where the share says so, the same
 * network taught by that one's answers to all images; and from scratch. What is done is kept in the folder, so that an interrupted run goes on
 * with the next. Writes the encoder with the probe of the largest share as its head. Undefined when it was interrupted.
 */
export async function transfer(
  { preset, settings }: TaskRun<SelfSupervisedPreset>,
  encoder: ResNet,
  { device, folder, signal, data }: TransferOptions,
): Promise<Metrics | undefined> {
  const rng = new Rng(settings.seed).fork("transfer");
  const path = folder.file(transferName);
  const transform = normalize(preset.normalization);
  const classes = preset.data.classNames.length;
  const done: Record<string, number> = (await fileExists(path)) ? (JSON.parse(await readFile(path, "utf8")) as Record<string, number>) : {};
  const work = { device, signal, transform };
  const pretrained = await readState(encoder);
  const encode = (images: Tensor): Tensor => encoder.features(images, inference);
  const testFeatures = await featuresOf(data.test, { ...work, encode });
  const largest = Math.max(...preset.shares.map(({ share }) => share));

  const measure = async ({ share, epochs, distillation }: LabelShare): Promise<void> => {
    const label = `${100 * share} %`;
    const isMissing = (name: string): boolean => done[`${name} ${label}`] === undefined;
    const labelled =
      share === 1
        ? data.train
        : split(data.train, { fractions: { part: share, rest: 1 - share }, rng: rng.fork(label), stratify: "labels" }).part;
    const note = async (name: string, accuracy: number): Promise<void> => {
      done[`${name} ${label}`] = accuracy;
      console.error(`${name}, ${labelled.length} labels: test accuracy ${(100 * accuracy).toFixed(2)} %`);
      await folder.write(transferName, `${JSON.stringify(done, null, 2)}\n`);
    };

    const features = await featuresOf(labelled, { ...work, encode });
    using probe = await trainProbe(features, { device, signal, classes, rng: rng.fork(`probe ${label}`) });
    if (isMissing("probe")) await note("probe", await probeAccuracy(probe, testFeatures, { device, signal }));

    const newNetwork = (): ResNet => preset.encoder(rng.fork(`init ${label}`));
    const newPretrained = async (): Promise<ResNet> => {
      const network = newNetwork();
      loadState(network, pretrained);
      replaceHead(network, { classes, rng: rng.fork("head") });
      await takeHead(network, probe);
      return network;
    };
    /** The accuracy of the last of `left` students in a row, the first of them taught by `teacher`. */
    const taught = async (teacher: ResNet, left: number, { epochs }: { epochs: number }): Promise<number> => {
      const dataset = await answeredBy(teacher, { ...work, dataset: data.train });
      using student = await newPretrained();
      await trainOnLabels(student, { ...work, dataset, epochs, noise: [cutout({ size: 8 })], rng: rng.fork(`distilled ${left} ${label}`) });
      return left === 1 ? await accuracyOf(student, data.test, work) : await taught(student, left - 1, { epochs });
    };

    // The first teacher is not kept in the folder: a run interrupted while it teaches tunes it again, to the same bits.
    if (isMissing("finetuned") || (distillation && isMissing("distilled"))) {
      using network = await newPretrained();
      await trainOnLabels(network, { ...work, dataset: labelled, epochs, rng: rng.fork(`finetuned ${label}`) });
      await note("finetuned", await accuracyOf(network, data.test, work));
      if (distillation) await note("distilled", await taught(network, distillation.rounds, distillation));
    }
    if (isMissing("scratch")) {
      using network = newNetwork();
      await trainOnLabels(network, { ...work, dataset: labelled, epochs, rng: rng.fork(`scratch ${label}`) });
      await note("scratch", await accuracyOf(network, data.test, work));
    }
    if (share === largest) {
      await takeHead(encoder, probe);
      await writeModel(encoder, folder);
    }
  };

  try {
    for (const share of preset.shares) await measure(share);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
  const gains = preset.shares.flatMap(({ share, distillation }) => {
    const label = `${100 * share} %`;
    const over = (name: string): number => done[`${name} ${label}`]! - done[`scratch ${label}`]!;
    const gain = [`gain over scratch ${label}`, over("finetuned")] as const;
    return distillation ? [gain, [`distilled gain over scratch ${label}`, over("distilled")] as const] : [gain];
  });
  return Object.fromEntries([...Object.entries(done).map(([name, accuracy]) => [`test/${name}`, accuracy] as const), ...gains]);
}

async function takeHead(network: ResNet, { weight, bias }: Linear): Promise<void> {
  network.head.weight.load(await weight.read());
  network.head.bias!.load(await bias!.read());
}

async function writeModel(encoder: ResNet, folder: RunFolder): Promise<void> {
  const state = await readState(encoder);
  for (const [name, { data }] of state) {
    if (!data.every(Number.isFinite)) throw new DlError(`dl train: expected weights that are numbers, got others in ${name}.`);
  }
  await folder.write(modelName, writeSafetensors(state));
}
