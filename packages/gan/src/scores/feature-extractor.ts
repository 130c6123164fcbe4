/** What scores look through: a named classifier with features. A score without the extractor's name says nothing. */

import {
  concat,
  DataError,
  type Device,
  type HostTensor,
  hostTensor,
  OptionError,
  ShapeError,
  sameShape,
  softmax,
  type Tensor,
  tensor,
  Yielder,
} from "@dl/core";
import { inference } from "@dl/nn";
import type { FeatureNetwork, Perception } from "./feature-network.ts";

/** Bring your own, or Inception's weights for scores that papers report (`inceptionExtractor`): the name stands beside every number. */
export interface FeatureExtractor {
  /** What it is, was trained on, and how well it classifies: `FeatureNetwork on MNIST, 99.31 %`. */
  readonly name: string;
  /** Length D of a row of features. */
  readonly size: number;
  /** How many classes C it knows. */
  readonly classes: number;
  /** How many images it looks at together unless told otherwise. Default 250. */
  readonly batchSize?: number;
  /** Of images `[B, H, W, C]` in [0, 1], inside `compute`. */
  perceive(images: Tensor): Perception;
}

/** A trained `FeatureNetwork` under its name. */
export function networkExtractor(network: FeatureNetwork, name: string): FeatureExtractor {
  const [size, classes] = network.head.weight.shape as readonly [number, number];
  return { name, size, classes, perceive: (images) => network.perceive(images, inference) };
}

/** What an extractor saw in images. */
export interface ExtractedFeatures {
  readonly extractor: string;
  /** `[N, D]` */
  readonly features: HostTensor;
  /** `[N, C]` */
  readonly probabilities: HostTensor;
}

export interface ExtractOptions {
  device: Device;
  extractor: FeatureExtractor;
  /** The values of black and white in `images`. Default 0 and 1; −1 and 1 for a generator that ends in tanh. */
  low?: number;
  high?: number;
  /** Default the extractor's. */
  batchSize?: number;
  signal?: AbortSignal;
}

/**
 * Features and class probabilities of `images` `[N, H, W, C]`.
 *
 * @throws ShapeError for other shapes, of images or of what the extractor makes of them, DataError for values that are no numbers or out of range, and for
 * images that are all alike.
 */
export async function extractFeatures(
  images: HostTensor,
  { device, extractor, low = 0, high = 1, batchSize = extractor.batchSize ?? 250, signal }: ExtractOptions,
): Promise<ExtractedFeatures> {
  const { shape, data } = images;
  if (shape.length !== 4 || shape[0]! < 1) {
    throw new ShapeError(`extractFeatures: expected images [N, H, W, C], got [${shape.join(", ")}].`);
  }
  if (!(high > low)) throw new OptionError(`extractFeatures: expected low < high, got ${low} and ${high}.`);
  checkImages(images, { low, high });
  const count = shape[0]!;
  const size = data.length / count;
  const features = new Float32Array(count * extractor.size);
  const probabilities = new Float32Array(count * extractor.classes);
  const yielder = new Yielder();
  for (let start = 0; start < count; start += batchSize) {
    await yielder.turn();
    signal?.throwIfAborted();
    const rows = Math.min(batchSize, count - start);
    const batch = Float32Array.from(data.subarray(start * size, (start + rows) * size), (value) => (value - low) / (high - low));
    const joined = (await device.compute(() => {
      const seen = extractor.perceive(tensor(hostTensor(batch, [rows, ...shape.slice(1)])));
      checkPerception(seen, extractor, rows);
      return concat([seen.features, softmax(seen.logits)], { axis: 1 });
    })) as HostTensor;
    const width = extractor.size + extractor.classes;
    for (let row = 0; row < rows; row++) {
      const from = joined.data.subarray(row * width, (row + 1) * width);
      features.set(from.subarray(0, extractor.size), (start + row) * extractor.size);
      probabilities.set(from.subarray(extractor.size), (start + row) * extractor.classes);
    }
  }
  return {
    extractor: extractor.name,
    features: hostTensor(features, [count, extractor.size]),
    probabilities: hostTensor(probabilities, [count, extractor.classes]),
  };
}

/** An extractor of one's own may say other sizes than it has: rows would be cut in the wrong places. */
function checkPerception({ features, logits }: Perception, { name, size, classes }: FeatureExtractor, rows: number): void {
  for (const [what, { shape }, width] of [
    ["features", features, size],
    ["logits", logits, classes],
  ] as const) {
    if (sameShape(shape, [rows, width])) continue;
    throw new ShapeError(
      `extractFeatures: expected ${what} [${rows}, ${width}] of ${rows} images by ${name}, got [${shape.join(", ")}]. Its size and classes must be what perceive gives.`,
    );
  }
}

function checkImages({ data, shape }: HostTensor, { low, high }: { low: number; high: number }): void {
  const size = data.length / shape[0]!;
  // A network without tanh at its end may go a little beyond black and white; another range goes far.
  const slack = (high - low) / 20;
  let differs = shape[0] === 1;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(`extractFeatures: expected pixels that are numbers, got ${data[i]} in image ${Math.floor(i / size)}.`);
    }
    if (data[i]! < low - slack || data[i]! > high + slack) {
      throw new DataError(
        `extractFeatures: expected pixels from ${low} to ${high}, got ${data[i]} in image ${Math.floor(i / size)}. Say by low and high where black and white are: −1 and 1 after tanh, 0 and 255 in bytes. Clip what goes beyond.`,
      );
    }
    if (i >= size && data[i] !== data[i - size]) differs = true;
  }
  if (!differs) {
    throw new DataError(
      `extractFeatures: expected images that differ, got ${shape[0]} equal ones. A generator that ignores its latents has collapsed; see GanAlarm for what to try.`,
    );
  }
}
