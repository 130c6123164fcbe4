/** The extractors that come with the package, and how well they classify. */

import { fileURLToPath } from "node:url";
import { CheckpointError, Rng } from "@dl/core";
import { loadState } from "@dl/nn";
import { loadFile } from "@dl/nn/node";
import { type FeatureExtractor, networkExtractor } from "../scores/feature-extractor.ts";
import { FeatureNetwork, featureNetworkMnist } from "../scores/feature-network.ts";

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
 * @example no-run
 * using extractor = await trainedExtractor("mnist");
 */
export async function trainedExtractor(data: ExtractorData): Promise<TrainedExtractor> {
  return extractorFrom(fileURLToPath(new URL(`../../weights/${data}.safetensors`, import.meta.url)));
}

/**
 * The same from a file that `pnpm ship:features` or a run of `dl train features-mnist` made.
 *
 * @throws CheckpointError for other files.
 */
export async function extractorFrom(path: string): Promise<TrainedExtractor> {
  const { tensors, metadata } = await loadFile(path);
  const [data, accuracy] = [metadata.get("data"), Number(metadata.get("accuracy"))];
  if (data === undefined || !Number.isFinite(accuracy)) {
    throw new CheckpointError(`${path}: expected the weights of an extractor, with its data and accuracy in the metadata, got others.`);
  }
  const network = new FeatureNetwork({ ...featureNetworkMnist, rng: new Rng(0) });
  try {
    loadState(network, tensors);
  } catch (error) {
    network[Symbol.dispose]();
    throw error;
  }
  const extractor = networkExtractor(network, `FeatureNetwork on ${data}, test accuracy ${(100 * accuracy).toFixed(2)} %`);
  return { ...extractor, network, accuracy, [Symbol.dispose]: () => network[Symbol.dispose]() };
}
