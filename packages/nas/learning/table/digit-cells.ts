/** The space and the training of the tabular benchmark: cells of four nodes and four operations, on small MNIST digits. */

import { type Device, hostTensor, Rng, type TypedArray, tensor, valueAndGrad } from "@dl/core";
import { mnist } from "@dl/data/node";
import { AdamW, crossEntropy, schedules, training } from "@dl/nn";
import { type Candidate, type EdgeCell, EdgeCellNetwork, edgeCell, enumerate, type Space } from "../../src/index.ts";

export const operations = ["none", "skip", "conv1x1", "conv3x3"] as const;
export type DigitCell = EdgeCell<(typeof operations)[number]>;
export const digitCells: Space<DigitCell> = edgeCell({ nodes: 4, operations });

/** Each network is trained for nine epochs; its accuracy is taken after these. */
export const milestones = [1, 3, 9] as const;
const epochs = milestones[2];
const batchSize = 50;

/** One candidate for each cell that computes something of its own, in the order of enumeration. */
export function distinctCells(): Candidate<DigitCell>[] {
  return [...new Map([...enumerate(digitCells)].map((candidate) => [candidate.key, candidate])).values()];
}

/** Images `[n, 14, 14, 1]` around zero, and labels. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** The first digits of MNIST's training set, averaged two by two. */
export async function loadDigits(): Promise<{ readonly train: Digits; readonly validation: Digits; readonly test: Digits }> {
  const source = await mnist({ split: "train" });
  const part = (first: number, count: number): Digits => {
    const images = new Float32Array(count * 196);
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const example = source.get(first + i);
      const pixels: TypedArray = example.images.data;
      labels[i] = example.labels.data[0]!;
      for (let y = 0; y < 14; y++) {
        for (let x = 0; x < 14; x++) {
          const at = 56 * y + 2 * x;
          const sum = pixels[at]! + pixels[at + 1]! + pixels[at + 28]! + pixels[at + 29]!;
          images[i * 196 + y * 14 + x] = sum / 4 / 255 / 0.3 - 0.4;
        }
      }
    }
    return { images, labels };
  };
  return { train: part(0, 1000), validation: part(1000, 1000), test: part(2000, 1000) };
}

/** Trains one cell's network; gives the accuracy on validation digits at the milestones, and on test digits at the end. */
export async function trainCell(
  device: Device,
  cell: DigitCell,
  { digits, seed }: { digits: Awaited<ReturnType<typeof loadDigits>>; seed: number },
): Promise<{ validation: number[]; test: number; parameters: number }> {
  const rng = new Rng(seed);
  const { train } = digits;
  const steps = (epochs * train.labels.length) / batchSize;
  using model = new EdgeCellNetwork({ cell, inputs: 1, classes: 10, channels: 8, stages: 2, cellsPerStage: 1, rng: rng.fork("init") });
  using optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(0.005, { steps }), weightDecay: 0.01 });
  const accuracy = async ({ images, labels }: Digits): Promise<number> => {
    let right = 0;
    for (let first = 0; first < labels.length; first += 500) {
      const part = hostTensor(images.subarray(first * 196, (first + 500) * 196), [500, 14, 14, 1]);
      // By the statistics of these 500: after so few steps the running ones lag behind the weights.
      const { data } = await device.compute(() => model.forward(tensor(part), training(rng)).argmax(-1));
      right += Array.from(data).filter((digit, i) => digit === labels[first + i]).length;
    }
    return right / labels.length;
  };
  const validation: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = rng.fork(`order ${epoch}`).permutation(train.labels.length);
    for (let first = 0; first < order.length; first += batchSize) {
      const images = new Float32Array(batchSize * 196);
      const labels = new Int32Array(batchSize);
      for (let i = 0; i < batchSize; i++) {
        const from = order[first + i]!;
        images.set(train.images.subarray(from * 196, (from + 1) * 196), i * 196);
        labels[i] = train.labels[from]!;
      }
      await device.compute(() => {
        const mode = training(rng);
        const x = tensor(hostTensor(images, [batchSize, 14, 14, 1]));
        const y = tensor(hostTensor(labels, [batchSize]));
        const { grads } = valueAndGrad(() => crossEntropy(model.forward(x, mode), y), model.parameters());
        optimizer.update(grads);
      });
    }
    if (milestones.includes((epoch + 1) as 1)) validation.push(await accuracy(digits.validation));
  }
  return { validation, test: await accuracy(digits.test), parameters: model.parameterCount };
}
