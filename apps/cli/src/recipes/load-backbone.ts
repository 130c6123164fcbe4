/** The trained weights that a classifier of other classes starts from: a file of torchvision, of timm, or of a run of ours. */

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { loadTorchState, type TorchNamed } from "@dl/cnn";
import { CheckpointError, DataError, type Tensor } from "@dl/core";
import { type Linear, loadState, type Mode, type Module, type NamedTensors, readState, readTorchFile } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";

/** A classifier whose features are at hand. */
export type Backbone = Module &
  TorchNamed & { head: Linear; features(images: Tensor, mode: Mode): Tensor; forward(images: Tensor, mode: Mode): Tensor };

/**
 * Loads everything but the head: from a state dict under torchvision's names or timm's, in a safetensors file or one of `torch.save`
 * (`.pt`, `.pth`, `.bin`), or from a model file of ours. Nothing is changed unless everything fits.
 *
 * @throws CheckpointError for weights of another network, DataError for a file that cannot be read.
 */
export async function loadBackbone(model: Backbone, path: string): Promise<void> {
  const tensors = await readWeights(path);
  if (!tensors.has("head.weight")) return loadUnderEitherName(model, { tensors, path });
  const backbone = new Map([...tensors].filter(([name]) => !name.startsWith("head.")));
  const own = await readState(model);
  for (const [name, tensor] of own) if (name.startsWith("head.")) backbone.set(name, tensor);
  loadState(model, backbone, { file: path });
}

/** Of networks that both libraries give the same names, the second try is spared. */
function loadUnderEitherName(model: Backbone, { tensors, path }: { tensors: NamedTensors; path: string }): void {
  const reasons: string[] = [];
  for (const library of model.timmPlace === undefined ? (["torchvision"] as const) : (["torchvision", "timm"] as const)) {
    try {
      loadTorchState(model, tensors, { library, except: ["head"] });
      return;
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      reasons.push(`${library}'s: ${error.message}`);
    }
  }
  throw new CheckpointError(
    `finetune-folder: expected ${path} to hold a ${model.constructor.name} of the preset's form under torchvision's names or timm's, got neither.\n${reasons.join("\n")}`,
  );
}

/** The tensors of a safetensors file, or of one of `torch.save`: the state dict itself, or a checkpoint that has it as `state_dict`. */
async function readWeights(path: string): Promise<NamedTensors> {
  if (![".pt", ".pth", ".bin"].includes(extname(path))) return loadSafetensors(path);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`finetune-folder: expected to read the weights ${path}, got ${error.code}.`);
  });
  const tensors = readTorchFile(bytes, { file: path });
  const isCheckpoint = [...tensors.keys()].some((name) => name.startsWith("state_dict."));
  return isCheckpoint ? readTorchFile(bytes, { file: path, within: "state_dict" }) : tensors;
}
