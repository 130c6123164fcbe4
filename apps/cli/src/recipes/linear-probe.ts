/** A linear classifier on what a network makes of images: what it has learned, and where fine-tuning begins. Alain and Bengio 2016, arXiv:1610.01644. */

import { argmax, type Device, equal, type HostTensor, hostTensor, mean, type Rng, type Tensor } from "@dl/core";
import { type ArrayDataset, arrayDataset, type ExampleOf, type Transform } from "@dl/data";
import { AdamW, crossEntropy, Linear, schedules } from "@dl/nn";
import { evaluate, fit } from "@dl/train";
import type { LabelledImages } from "./recipe.ts";

/** `[N, C]` float32, and labels `[N]`. */
export type Features = ArrayDataset<"features" | "labels">;

interface Work {
  device: Device;
  signal: AbortSignal;
}

/** What `encode` `[B, H, W, C]` → `[B, F]` makes of every image. */
export async function featuresOf(
  dataset: LabelledImages,
  {
    encode,
    transform,
    batchSize = 100,
    ...work
  }: Work & {
    encode: (images: Tensor) => Tensor;
    transform: Transform<ExampleOf<LabelledImages>>;
    batchSize?: number;
  },
): Promise<Features> {
  const parts: Float32Array[] = [];
  const labels: number[] = [];
  await evaluate({
    ...work,
    dataset,
    batchSize,
    transform,
    step: ({ images }) => ({ features: encode(images) }),
    onBatch: (batch, outputs) => {
      parts.push(outputs.features.data as Float32Array);
      labels.push(...batch.labels.data);
    },
  });
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const data = new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  const features = hostTensor(data, [labels.length, size / labels.length]);
  return arrayDataset({ features, labels: hostTensor(Int32Array.from(labels), [labels.length]) }, { classNames: dataset.classNames });
}

export interface ProbeOptions extends Work {
  classes: number;
  /** Passes over the features. Default 100. */
  epochs?: number;
  /** Default 256. */
  batchSize?: number;
  /** Default 1e-2. */
  learningRate?: number;
  rng: Rng;
}

/** Trains a linear layer `[F]` → `[classes]`; the caller frees it. Features are standardised on the way, and that is worked into the weights. */
export async function trainProbe(
  dataset: Features,
  { classes, epochs = 100, batchSize = 256, learningRate = 1e-2, rng, ...work }: ProbeOptions,
): Promise<Linear> {
  const { shape, data } = dataset.columns.features as HostTensor;
  const [count, size] = shape as [number, number];
  const { means, deviations } = momentsOf(data as Float32Array, size);
  const standard: Transform<ExampleOf<Features>> = ({ features }) => {
    const values = features.data as Float32Array;
    for (let i = 0; i < values.length; i++) values[i] = (values[i]! - means[i % size]!) / deviations[i % size]!;
  };
  const probe = new Linear({ inputs: size, outputs: classes, rng: rng.fork("init") });
  const steps = epochs * Math.ceil(count / batchSize);
  using optimizer = new AdamW(probe.parameters(), { learningRate: schedules.cosine(learningRate, { steps }), weightDecay: 1e-2 });
  await fit({
    ...work,
    model: probe,
    optimizer,
    dataset,
    batchSize,
    epochs,
    transform: standard,
    rng: rng.fork("fit"),
    step: ({ features, labels }) => crossEntropy(probe.forward(features), labels),
  });
  work.signal.throwIfAborted();
  // (x − m)/d · W + b = x · (W/d) + (b − m/d · W)
  const weight = (await probe.weight.read()).data.slice() as Float32Array; // [F, classes]
  const bias = (await probe.bias!.read()).data.slice() as Float32Array;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < classes; c++) {
      const scaled = weight[i * classes + c]! / deviations[i]!;
      weight[i * classes + c] = scaled;
      bias[c]! -= means[i]! * scaled;
    }
  }
  probe.weight.load(hostTensor(weight, [size, classes]));
  probe.bias!.load(hostTensor(bias, [classes]));
  return probe;
}

export async function probeAccuracy(probe: Linear, dataset: Features, work: Work): Promise<number> {
  const { accuracy } = await evaluate({
    ...work,
    dataset,
    batchSize: 1000,
    step: ({ features, labels }) => ({ accuracy: mean(equal(argmax(probe.forward(features), -1), labels).cast("float32")) }),
  });
  return accuracy;
}

/** Mean and standard deviation of each column of `[N, size]`; the deviations are at least a tenth of what is usual: what hardly moves must not weigh most. */
function momentsOf(data: Float32Array, size: number): { means: Float64Array; deviations: Float64Array } {
  const count = data.length / size;
  const means = new Float64Array(size);
  const squares = new Float64Array(size);
  data.forEach((value, i) => {
    means[i % size]! += value / count;
  });
  data.forEach((value, i) => {
    squares[i % size]! += (value - means[i % size]!) ** 2 / count;
  });
  const usual = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / size) || 1;
  return { means, deviations: squares.map((square) => Math.max(Math.sqrt(square), usual / 10)) };
}
