/** Inception-v3 from a file of weights, which the extractor's name tells apart from every other. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { CheckpointError } from "@dl/core";
import { readSafetensors, readTorchFile } from "@dl/nn";
import { SafetensorsFile } from "@dl/nn/node";
import { type InceptionExtractor, inceptionExtractor, isInception } from "../scores/inception-extractor.ts";
import type { InceptionVariant } from "../scores/inception-v3.ts";
import { extractorFrom, type TrainedExtractor } from "./trained-extractors.ts";

export interface InceptionFileOptions {
  /** Default: `fid` for 1,008 classes, `torchvision` for others. */
  variant?: InceptionVariant | undefined;
}

/**
 * Reads a `.safetensors` file, or one that `torch.save` wrote (`.pth`, `.pt`), with PyTorch's names for Inception-v3. The extractor's
 * name has the file's and eight digits of its SHA-256.
 *
 * @throws CheckpointError for other files, with what is missing, unknown or of another shape.
 * @example no-run
 * using extractor = await inceptionFrom("inception.safetensors");
 * const real = await extractFeatures(photos, { device, extractor });
 */
export async function inceptionFrom(path: string, { variant }: InceptionFileOptions = {}): Promise<InceptionExtractor> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${path}: could not be opened: ${error.message}.`, { cause: error });
  });
  const tensors = isSafetensors(path) ? readSafetensors(bytes, { file: path }).tensors : readTorchFile(bytes, { file: path });
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  return inceptionExtractor({ tensors, weights: `${basename(path)} (sha256 ${digest})`, variant });
}

/** Either kind of extractor from a file of its weights, told by the tensors' names: a `FeatureNetwork` that was trained here, or Inception-v3. */
export async function openExtractor(path: string): Promise<TrainedExtractor | InceptionExtractor> {
  if (!isSafetensors(path)) return inceptionFrom(path);
  const names = await namesIn(path);
  return isInception(names) ? inceptionFrom(path) : extractorFrom(path);
}

function isSafetensors(path: string): boolean {
  return path.endsWith(".safetensors");
}

async function namesIn(path: string): Promise<string[]> {
  await using file = await SafetensorsFile.open(path);
  return file.names;
}
