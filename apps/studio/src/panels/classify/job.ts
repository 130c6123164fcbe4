/** Trains an image classifier as `dl train` does, tells how it goes, and answers what it makes of a picture. */

import { type ImageClassifier, summarize } from "@dl/cnn";
import { argmax, DlError, equal, type HostTensor, hostTensor, mean, Rng, softmax, type Tensor, tensor } from "@dl/core";
import { arrayDataset, byteColumn, type Dataset, type Example, normalize, split, take } from "@dl/data";
import { featureMaps, gradCam } from "@dl/explain";
import { ConfusionMatrix } from "@dl/metrics";
import { Conv2d, crossEntropy, inference, loadState, type Mode, type Module, readState, readTensors, writeSafetensors } from "@dl/nn";
import { type Callback, EarlyStopping, evaluate, type FitSave, fit, NanStop, type Run } from "@dl/train";
import type { LabelledBytes } from "../../data/shard-format.ts";
import { readFitCheckpoint, writeFitCheckpoint } from "../../engine/fit-checkpoint.ts";
import type { OpenJob } from "../../engine/job.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import type { ClassifyContract, FeatureMap, Look } from "./contract.ts";
import { planOf } from "./networks.ts";
import { writeRunJson } from "./run-json.ts";

type Images = Dataset<Example<"images" | "labels">>;

/** Milliseconds between two measurements on a part of the test images, and how many those are. */
const measureEvery = 2500;
const fewImages = 400;

export const openClassify: OpenJob<ClassifyContract> = async ({ device, pacer, settings, payload, files, signal, emit }) => {
  const { classNames, shape } = payload;
  const classes = classNames.length;
  const plan = planOf(settings, { shape, classes });
  const rng = new Rng(settings.seed);
  const all = datasetOf(payload.train);
  const parts = plan.validationShare > 0 ? { train: 1 - plan.validationShare, validation: plan.validationShare } : undefined;
  // As `dl train` does it, stream by stream.
  const parted = parts && split(all, { fractions: parts, rng: rng.fork("split"), stratify: "labels" });
  // Of a few pictures of one's own no tenth is left to stop early by.
  const divided = parted && parted.validation.length > 0 ? parted : undefined;
  const train = divided?.train ?? all;
  const test = datasetOf(payload.test);
  const model = plan.model(rng.fork("init"));
  const stepsPerEpoch = Math.ceil(train.length / settings.batchSize);
  const steps = settings.epochs * stepsPerEpoch;
  const optimizer = plan.optimizer(model, { learningRate: settings.learningRate, steps });
  const transform = normalize(payload.statistics);
  // A run that goes on keeps the rows of its first part.
  const metricsRows = new TextDecoder()
    .decode(files?.["metrics.csv"])
    .split("\n")
    .filter((row) => row !== "");
  let imported = "";
  const resume = restore();
  const summary = await summarize(model, { device, inputShape: [1, ...shape] });
  const layers = summary.layers.map(({ path, kind, outputShape, parameters }) => ({ path, kind, shape: outputShape.slice(1), parameters }));
  emit({ kind: "made", parameters: summary.parameters, layers, steps, stepsPerEpoch, step: resume?.state.step ?? 0 });
  if (imported !== "") emit({ kind: "note", text: imported });
  /** Paths of the convolutions, in the order they run. */
  const convolutions = layers.map(({ path }) => path).filter((path) => moduleAt(model, path) instanceof Conv2d);
  let checkpoint: Uint8Array<ArrayBuffer> | undefined = files?.["checkpoint.safetensors"];
  let current: Run | undefined;
  /** From then on the model holds the weights that early stopping chose. */
  let hasEnded = false;

  function datasetOf({ images, labels }: LabelledBytes): Images {
    const columns = { images: byteColumn(images, [labels.length, ...shape]), labels: hostTensor(Int32Array.from(labels), [labels.length]) };
    return arrayDataset(columns, { classNames });
  }

  /** Puts the files of a run back; weights alone when its training cannot go on here. */
  function restore(): FitSave | undefined {
    if (!files) return undefined;
    const saved = files["checkpoint.safetensors"];
    if (saved) {
      try {
        const save = readFitCheckpoint(saved, { model, optimizer });
        const { state } = save;
        const { examples, batchSize } = state.setup;
        if (examples === train.length && batchSize === settings.batchSize && state.epoch < settings.epochs) return save;
        imported =
          state.epoch >= settings.epochs
            ? "This run had finished."
            : `This run was trained on ${examples} images: its weights are used, its training cannot go on here.`;
      } catch (error) {
        if (!files["model.safetensors"]) throw error;
        imported = `The checkpoint could not be used (${(error as Error).message}): the weights alone were read.`;
      }
    }
    if (files["model.safetensors"]) loadState(model, readTensors(files["model.safetensors"], { file: "model.safetensors" }));
    else if (!saved) throw new DlError("A run needs model.safetensors or checkpoint.safetensors beside its run.json, got neither.");
    return undefined;
  }

  const forward = ({ images, labels }: { images: Tensor; labels: Tensor }, mode: Mode) => {
    const logits = model.forward(images, mode); // [B, classes]
    const labelSmoothing = mode.training ? plan.labelSmoothing : 0;
    return { loss: crossEntropy(logits, labels, { labelSmoothing }), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
  };

  /** Loss, accuracy and confusion on the first `count` test images. */
  const measure = async (step: number, count: number): Promise<void> => {
    const dataset = count < test.length ? take(test, count) : test;
    const confusion = new ConfusionMatrix({ classes });
    const predicted = new Uint8Array(dataset.length);
    const confidence = new Float32Array(dataset.length);
    let at = 0;
    const { loss, accuracy } = await evaluate({
      device,
      dataset,
      transform,
      batchSize: 100,
      step: ({ images, labels }) => {
        const logits = model.forward(images, inference);
        return {
          loss: crossEntropy(logits, labels),
          accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")),
          probabilities: softmax(logits),
        };
      },
      onBatch: ({ labels }, { probabilities }) => {
        confusion.update({ labels, scores: probabilities });
        for (let row = 0; row < labels.data.length; row++, at++) {
          const scores = probabilities.data.subarray(row * classes, (row + 1) * classes) as Float32Array;
          predicted[at] = scores.indexOf(Math.max(...scores));
          confidence[at] = scores[predicted[at]!]!;
        }
      },
      signal,
    });
    emit({
      kind: "test",
      step,
      loss: loss!,
      accuracy: accuracy!,
      count: dataset.length,
      confusion: Array.from(confusion.result().data),
      predicted,
      confidence,
    });
  };

  let lastStep = performance.now();
  let lastMeasured = performance.now();
  let rate = 0;
  const steering: Callback = {
    name: "studio",
    onStart(run) {
      current = run;
    },
    onStep(_, { step, batchSize, metrics }) {
      const now = performance.now();
      // Pauses and measurements are no training time.
      const since = (1000 * batchSize) / Math.max(now - lastStep, 0.1);
      rate = rate === 0 ? since : 0.9 * rate + 0.1 * since;
      emit({ kind: "step", step, loss: metrics.loss!, accuracy: metrics.accuracy!, imagesPerSecond: rate });
    },
    async onEpoch(run, { epoch, step, seconds, learningRate, metrics }) {
      if (metricsRows.length === 0) metricsRows.push(["step", "epoch", "seconds", "learningRate", ...Object.keys(metrics)].join(","));
      metricsRows.push([step, epoch + 1, seconds.toFixed(3), learningRate, ...Object.values(metrics)].join(","));
      if (epoch + 1 < run.epochs) await measure(step, test.length);
      lastMeasured = performance.now();
    },
    async onPause(run, moment) {
      if (moment === "end") {
        checkpoint = await writeFitCheckpoint(run);
        hasEnded = true;
        return;
      }
      if (moment === "step" && performance.now() - lastMeasured > measureEvery) {
        await measure(run.step, Math.min(fewImages, test.length));
        lastMeasured = performance.now();
      }
      await pacer.turn();
      lastStep = performance.now();
    },
  };

  const predict = async (image: Float32Array): Promise<Float32Array> => {
    const images = normalized(image);
    const { data } = await device.compute(() => softmax(model.forward(tensor(images), inference)));
    return data as Float32Array;
  };

  /** `[1, H, W, C]` as the network wants it. */
  const normalized = (image: Float32Array): HostTensor => {
    const expected = shape[0] * shape[1] * shape[2];
    if (image.length !== expected) throw new DlError(`The network expects pictures of ${shape.join(" × ")}, got ${image.length} numbers.`);
    const batch = { images: hostTensor(image.slice(), [1, ...shape]) };
    transform(batch, { indices: Int32Array.of(0), rng: () => rng });
    return batch.images;
  };

  const look = async (image: Float32Array, target: number | undefined): Promise<Look> => {
    const images = normalized(image);
    const last = convolutions.at(-1);
    const { probabilities, maps, heat } = await device.compute(() => {
      const x = tensor(images);
      let logits: Tensor | undefined;
      const maps = featureMaps({ model, layers: convolutions, forward: () => (logits = model.forward(x, inference)) });
      const heat =
        last &&
        gradCam(x, { model, layer: last, forward: (images) => model.forward(images, inference), ...(target !== undefined && { target }) });
      return { probabilities: softmax(logits!), maps: Object.entries(maps), ...(heat && { heat }) };
    });
    const features = (maps as unknown as [string, HostTensor][]).map(
      ([path, { shape: size, data }]): FeatureMap => ({
        path,
        shape: size.slice(1) as [number, number, number],
        data: data as Float32Array,
      }),
    );
    return { probabilities: probabilities.data as Float32Array, heat: heat?.data as Float32Array | undefined, maps: features };
  };

  return {
    async run() {
      if (files && !resume) {
        await measure(steps, test.length);
        return imported || "opened";
      }
      lastStep = performance.now();
      const { reason, steps: done } = await fit({
        device,
        model,
        optimizer,
        dataset: train,
        batchSize: settings.batchSize,
        epochs: settings.epochs,
        rng: new Rng(settings.seed).fork("fit"),
        transform: [...plan.augmentation, transform] as never,
        step: forward,
        ...(divided && {
          validate: () => evaluate({ device, dataset: divided.validation, transform, signal, step: (batch) => forward(batch, inference) }),
        }),
        callbacks: [new NanStop(), ...(divided ? [new EarlyStopping({ patience: plan.patience })] : []), steering],
        signal,
        ...(resume && { resume }),
      });
      if (!signal.aborted) await measure(done, test.length);
      return reason;
    },
    async files(): Promise<RunFiles | undefined> {
      const state = await readState(model);
      // A run that went astray replaces nothing that was good.
      for (const { data } of state.values()) if (!data.every(Number.isFinite)) return undefined;
      if (current && !hasEnded) checkpoint = await writeFitCheckpoint(current);
      return {
        "run.json": writeRunJson(settings, { recipe: plan.recipe, classNames }),
        "model.safetensors": writeSafetensors(state, { metadata: { reason: "studio" } }) as Uint8Array<ArrayBuffer>,
        ...(checkpoint && { "checkpoint.safetensors": checkpoint }),
        ...(metricsRows.length > 0 && { "metrics.csv": new TextEncoder().encode(`${metricsRows.join("\n")}\n`) }),
      };
    },
    asks: { predict: ({ image }) => predict(image), look: ({ image, target }) => look(image, target) },
    async [Symbol.asyncDispose]() {
      optimizer[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
};

/** The module at a path such as `layers.0`. */
function moduleAt(model: ImageClassifier, path: string): Module | undefined {
  let found: unknown = model;
  for (const part of path.split(".")) found = (found as Record<string, unknown> | undefined)?.[part];
  return found as Module | undefined;
}
