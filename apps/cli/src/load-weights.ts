/** The weights of a run's file in a new model: as `dl train` wrote them, or smaller, as `dl compress` did. */

import { readFile } from "node:fs/promises";
import type { ImageClassifier } from "@dl/cnn";
import { isCompressed, loadCompressed, QuantisedModel } from "@dl/compress";
import { CheckpointError } from "@dl/core";
import { loadState, readSafetensors } from "@dl/nn";

/** A network with its weights. */
export interface LoadedNetwork {
  readonly model: ImageClassifier;
  /** What rounds weights and the inputs of layers: it sits inside the model already. Undefined where nothing is rounded. */
  readonly rounding: QuantisedModel | undefined;
}

/** Whether `dl compress` wrote the file. */
export async function isCompressedModel(file: string): Promise<boolean> {
  return isCompressed(readSafetensors(await bytesOf(file), { file }).metadata);
}

/**
 * Loads `model.safetensors` into `model`, new and of the form that was trained; a model that it does not fit is freed.
 *
 * @throws CheckpointError for a file that cannot be read, is damaged, or is of another model.
 */
export async function loadWeights(model: ImageClassifier, file: string): Promise<LoadedNetwork> {
  try {
    const bytes = await bytesOf(file);
    const { metadata, tensors } = readSafetensors(bytes, { file });
    if (!isCompressed(metadata)) {
      loadState(model, tensors, { file });
      return { model, rounding: undefined };
    }
    const loaded = await loadCompressed(model, bytes, { file });
    return { model, rounding: loaded instanceof QuantisedModel ? loaded : undefined };
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

async function bytesOf(file: string): Promise<Uint8Array> {
  return await readFile(file).catch((error: Error) => {
    throw new CheckpointError(`${file}: could not be opened: ${error.message}.`, { cause: error });
  });
}
