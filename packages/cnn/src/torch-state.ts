/** A model's weights from and to PyTorch's state dict: names by the model's own map, layouts turned. */

import type { HostTensor } from "@dl/core";
import { loadState, type Module, type NamedTensors, readState } from "@dl/nn";
import { type FlattenedImage, fromTorch, toTorch } from "./torch-weights.ts";

/** Where one of our tensors is in PyTorch's state dict. */
export interface TorchPlace {
  readonly name: string;
  /** For the dense weight that follows a flattened image. */
  readonly image?: FlattenedImage | undefined;
}

/** A model that knows its names in PyTorch. */
export interface TorchNamed {
  /** The place of the tensor at `path` of the model's state. */
  torchPlace(path: string): TorchPlace;
}

/**
 * Loads a PyTorch state dict, as `safetensors.torch.save_file` writes it; nothing is changed unless everything fits.
 *
 * @throws CheckpointError that lists missing, unexpected and mis-shaped tensors.
 * @example
 * loadTorchState(model, await loadSafetensors("resnet18.safetensors"));
 */
export function loadTorchState(model: Module & TorchNamed, tensors: NamedTensors): void {
  const pathOf = new Map<string, { path: string; image: FlattenedImage | undefined }>();
  for (const path of model.state().keys()) {
    const { name, image } = model.torchPlace(path);
    pathOf.set(name, { path, image });
  }
  loadState(model, tensors, {
    map: (name) => {
      // PyTorch counts batches, for a momentum that it does not use by default.
      if (name.endsWith(".num_batches_tracked")) return undefined;
      const place = pathOf.get(name);
      // A name that is no place's must not hit one of our paths by chance: those are in our layout.
      if (place === undefined) return `torch:${name}`;
      return { path: place.path, convert: (tensor) => fromTorch(tensor, { image: place.image }) };
    },
  });
}

/**
 * The model's weights under PyTorch's names and in its layouts: `load_state_dict` takes them.
 *
 * @example
 * await saveSafetensors("resnet18.safetensors", await torchState(model));
 */
export async function torchState(model: Module & TorchNamed): Promise<Map<string, HostTensor>> {
  const tensors = new Map<string, HostTensor>();
  for (const [path, tensor] of await readState(model)) {
    const { name, image } = model.torchPlace(path);
    tensors.set(name, toTorch(tensor, { image }));
  }
  return tensors;
}

/** PyTorch's word for the running statistics of batch normalisation; other names stay. */
export function torchField(field: string): string {
  return field.replace("runningMean", "running_mean").replace("runningVariance", "running_var");
}
