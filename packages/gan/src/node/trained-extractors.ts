/** The extractors that come with the package, and how well they classify. */

import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { CheckpointError, Rng } from "@dl/core";
import { loadState } from "@dl/nn";
import { loadFile } from "@dl/nn/node";
import { type FeatureExtractor, networkExtractor } from "../scores/feature-extractor.ts";
import { FeatureNetwork } from "../scores/feature-network.ts";

/** An extractor and the network in it, whose weights are freed when it is disposed. */
export interface TrainedExtractor extends FeatureExtractor, Disposable {
  readonly network: FeatureNetwork;
  /** On the test set of its data. */
  readonly accuracy: number;
}

/** Those in the package's `weights` folder. */
export type ExtractorData = "mnist" | "fashion-mnist";

/**
 * The classifier of digits or of clothes that scores are measured with.
 *
 * @throws CheckpointError where the package has none.
 * @example no-run
 * using extractor = await trainedExtractor("mnist");
 */
export async function trainedExtractor(data: ExtractorData): Promise<TrainedExtractor> {
  const path = fileURLToPath(new URL(`../../weights/${data}.safetensors`, import.meta.url));
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    throw new CheckpointError(
      `trainedExtractor: expected data that the package has a classifier of, got ${JSON.stringify(data)}: there is no ${path}. Train one (dl train features-mnist and its kin), and open its model.safetensors with extractorFrom.`,
    );
  }
  return extractorFrom(path);
}

/**
 * The same from a file that `pnpm ship:features` made, or from the `model.safetensors` that a run of `dl train features-mnist` and its kin ended with. How many
 * channels and classes it knows is told by its weights.
 *
 * @throws CheckpointError for other files.
 */
export async function extractorFrom(path: string): Promise<TrainedExtractor> {
  const { tensors, metadata } = await loadFile(path);
  const [data, accuracy] = [metadata.get("data"), Number(metadata.get("accuracy"))];
  if (data === undefined || !Number.isFinite(accuracy)) {
    throw new CheckpointError(
      `${path}: expected the weights of an extractor, with its data and accuracy in the metadata, got others. A run of features-mnist writes them when it has ended.`,
    );
  }
  const [channels = 0, classes = 0] = [tensors.get("blocks.0.conv.weight")?.shape[2], tensors.get("head.weight")?.shape[1]];
  if (!(channels > 0 && classes > 0)) {
    throw new CheckpointError(
      `${path}: expected the tensors of a FeatureNetwork, got ${[...tensors.keys()].slice(0, 3).join(", ")} …. Another network is a FeatureExtractor of your own.`,
    );
  }
  const network = new FeatureNetwork({ channels, classes, rng: new Rng(0) });
  try {
    loadState(network, tensors);
  } catch (error) {
    network[Symbol.dispose]();
    throw error;
  }
  const extractor = networkExtractor(network, `FeatureNetwork on ${data}, test accuracy ${(100 * accuracy).toFixed(2)} %`);
  return { ...extractor, network, accuracy, [Symbol.dispose]: () => network[Symbol.dispose]() };
}
