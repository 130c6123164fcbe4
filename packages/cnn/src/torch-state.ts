/** A model's weights from and to PyTorch's state dict: names by the model's own map, layouts turned. */

import { CheckpointError, type HostTensor, OptionError, type Shape, sameShape } from "@dl/core";
import { loadState, type Module, type NamedTensors, readState } from "@dl/nn";
import { type FlattenedImage, fromTorch, toTorch } from "./torch-weights.ts";

/** Where one of our tensors is in PyTorch's state dict. */
export interface TorchPlace {
  readonly name: string;
  /** What older published files call it: taken when loading, never written. */
  readonly olderName?: string | undefined;
  /** For the dense weight that follows a flattened image. */
  readonly image?: FlattenedImage | undefined;
  /** PyTorch's shape where it has other axes than our tensor turned round: axes of length one, or a flattened image's. */
  readonly shape?: Shape | undefined;
}

/** A model that knows its names in PyTorch. */
export interface TorchNamed {
  /** The place of the tensor at `path` of the model's state: torchvision's, where it has the model. */
  torchPlace(path: string): TorchPlace;
  /** The same in timm, where its names differ. */
  timmPlace?(path: string): TorchPlace;
}

export interface TorchStateOptions {
  /** Whose names the state dict has. For models that both have under the same names, and those of neither, it makes no difference. Default `torchvision`. */
  library?: "torchvision" | "timm";
}

export interface LoadTorchStateOptions extends TorchStateOptions {
  /** Parts of the model, by path, that keep what they have: `["head"]` for other classes. The file may have or lack tensors for them. Default none. */
  except?: readonly string[];
}

/**
 * Loads a PyTorch state dict, as `safetensors.torch.save_file` writes it; nothing is changed unless everything fits.
 *
 * @throws CheckpointError that lists missing, unexpected and mis-shaped tensors.
 * @example
 * loadTorchState(model, await loadSafetensors("resnet18.safetensors"));
 * loadTorchState(model, await loadSafetensors("resnet18.safetensors"), { except: ["head"] });
 */
export function loadTorchState(
  model: Module & TorchNamed,
  file: NamedTensors,
  { library = "torchvision", except = [] }: LoadTorchStateOptions = {},
): void {
  const places = new Map<string, TorchPlace & { readonly path: string }>();
  const kept = new Set<string>();
  const state = model.state();
  for (const path of state.keys()) {
    const place = placeOf(model, path, library);
    places.set(place.name, { ...place, path });
    if (except.some((part) => path.startsWith(`${part}.`))) kept.add(place.name);
  }
  const tensors = underModernNames(file, [...places.values()]);
  const strict = except.length === 0;
  if (!strict) checkRest(model, tensors, { places, kept, except });
  loadState(model, tensors, {
    strict,
    map: (name) => {
      const place = places.get(name);
      if (isCount(name) || kept.has(name)) return undefined;
      // A name that is no place's must not hit one of our paths by chance: those are in our layout.
      if (place === undefined) return `torch:${name}`;
      return {
        path: place.path,
        convert: (tensor) => fromTorch(unshaped(tensor, place, state.get(place.path)!.shape), { image: place.image }),
      };
    },
  });
}

/** A file's tensors by the names of today; one that has a tensor under both names keeps both, and is refused. */
function underModernNames(file: NamedTensors, places: readonly TorchPlace[]): NamedTensors {
  const modern = new Map(places.flatMap(({ name, olderName }) => (olderName === undefined || file.has(name) ? [] : [[olderName, name]])));
  return modern.size === 0 ? file : new Map([...file].map(([name, tensor]) => [modern.get(name) ?? name, tensor]));
}

/** PyTorch counts batches, for a momentum that it does not use by default. */
function isCount(name: string): boolean {
  return name.endsWith(".num_batches_tracked");
}

/** That the file has what the parts that are not excepted need, and nothing else. */
function checkRest(
  model: Module,
  tensors: NamedTensors,
  { places, kept, except }: { places: ReadonlyMap<string, unknown>; kept: ReadonlySet<string>; except: readonly string[] },
): void {
  const names = [...model.state().keys()];
  const unknown = except.filter((part) => !names.some((path) => path.startsWith(`${part}.`)));
  if (unknown.length > 0) {
    throw new OptionError(
      `loadTorchState: expected except to name parts of the model (${[...model.children.keys()].join(", ")}), got ${unknown.join(", ")}.`,
    );
  }
  const missing = [...places.keys()].filter((name) => !kept.has(name) && !tensors.has(name));
  const unexpected = [...tensors.keys()].filter((name) => !places.has(name) && !isCount(name));
  if (missing.length + unexpected.length > 0) {
    const list = (what: string, found: readonly string[]): string[] =>
      found.length === 0 ? [] : [`${what}: ${found.slice(0, 8).join(", ")}${found.length > 8 ? ` and ${found.length - 8} more` : ""}`];
    throw new CheckpointError(
      `loadTorchState ${model.constructor.name}: expected the tensors of the model but for ${except.join(", ")}, got others: ${[...list("missing", missing), ...list("unexpected", unexpected)].join("; ")}. Is it a file of this model?`,
    );
  }
}

/**
 * The model's weights under PyTorch's names and in its layouts: `load_state_dict` takes them.
 *
 * @example
 * await saveSafetensors("resnet18.safetensors", await torchState(model));
 */
export async function torchState(
  model: Module & TorchNamed,
  { library = "torchvision" }: TorchStateOptions = {},
): Promise<Map<string, HostTensor>> {
  const tensors = new Map<string, HostTensor>();
  for (const [path, tensor] of await readState(model)) {
    const { name, image, shape } = placeOf(model, path, library);
    const turned = toTorch(tensor, { image });
    tensors.set(name, shape === undefined ? turned : { ...turned, shape });
  }
  return tensors;
}

function placeOf(model: TorchNamed, path: string, library: "torchvision" | "timm"): TorchPlace {
  return (library === "timm" ? model.timmPlace?.(path) : undefined) ?? model.torchPlace(path);
}

/** The tensor in the shape that ours has, turned round; one of another shape stays as it is, and is refused. */
function unshaped(tensor: HostTensor, { shape }: TorchPlace, ours: Shape): HostTensor {
  if (shape === undefined || !sameShape(tensor.shape, shape)) return tensor;
  return { ...tensor, shape: [...ours].reverse() };
}

/** PyTorch's word for the running statistics of batch normalisation; other names stay. */
export function torchField(field: string): string {
  return field.replace("runningMean", "running_mean").replace("runningVariance", "running_var");
}
