/** Puts a compressed file into a model of the form it was made from. */

import { CheckpointError, type HostTensor, hostTensor, sizeOf } from "@dl/core";
import { BatchNorm, Buffer, Conv2d, fromStored, Linear, loadState, type Module, Parameter, readSafetensors } from "@dl/nn";
import { isPasser } from "../channels/channel-roles.ts";
import { replaceCell, setGroups } from "../channels/replace-cell.ts";
import { replaceModule } from "../layers/replace-module.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { isWeighted, pathOf } from "../layers/weighted-layers.ts";
import { emptyLowRank, isFactorable, matrixOf } from "../low-rank/low-rank-layer.ts";
import { Identity } from "../quantisation/fold-batch-norm.ts";
import { QuantisedModel, type QuantisedParts } from "../quantisation/quantised-model.ts";
import { dequantise, type QuantisedWeight } from "../quantisation/quantised-weight.ts";
import { type CompressedHeader, parseHeader } from "./compressed-header.ts";
import { unpack } from "./packed-tensors.ts";

/**
 * Makes `model`, new and of the original form, what the file holds: layers factored, folded and cut, weights loaded. One with rounded weights
 * or inputs comes back as a `QuantisedModel` around it.
 *
 * @param options.file  Names the file in errors. Default `compressed model`.
 * @throws CheckpointError for a file that is damaged, or of another model; the model is as it was, then.
 * @example no-run
 * const model = await loadCompressed(new LeNet({ ...lenetMnist, rng }), bytes);
 * const logits = await device.compute(() => model.forward(tensor(images), inference));
 */
export async function loadCompressed(
  model: TracedModel,
  bytes: Uint8Array,
  { file = "compressed model" }: { file?: string } = {},
): Promise<TracedModel> {
  const { metadata, tensors } = readSafetensors(bytes, { file });
  const header = parseHeader(metadata, { file });
  const weights = new Map<string, QuantisedWeight>();
  const values = new Map<string, HostTensor>();
  const parts = new Set<string>();
  for (const [name, packing] of header.tensors) {
    const unpacked = unpack(name, packing, { tensors, file });
    parts.add(name).add(`${name}.${packing.encoding === "sparse" ? "places" : "scale"}`);
    if ("scales" in unpacked) weights.set(name, unpacked);
    values.set(name, "scales" in unpacked ? dequantise(unpacked) : unpacked);
  }
  for (const [name, tensor] of tensors) if (!parts.has(name)) values.set(name, fromStored(tensor, { name: `${file}: ${name}` }));
  const undo: (() => void)[] = [];
  try {
    reform(model, header, { file, undo });
    resize(model, values, { file, undo });
    requirePlaces(model, { weights, inputs: header.inputs }, file);
    loadState(model, values, { file });
    if (weights.size === 0 && header.inputs.size === 0) return model;
    return await QuantisedModel.of(model, { weights, inputs: header.inputs });
  } catch (error) {
    for (const each of undo.reverse()) each();
    throw error;
  }
}

interface Changing {
  readonly file: string;
  /** Is filled. */
  readonly undo: (() => void)[];
}

/** Modules of other classes, as the header says. */
function reform(model: Module, { lowRank, folded }: CompressedHeader, { file, undo }: Changing): void {
  const wrong = (path: string, expected: string): CheckpointError => {
    const got = model.modules.get(path)?.constructor.name ?? "nothing";
    return new CheckpointError(
      `${file}: expected ${expected} at ${JSON.stringify(path)} of ${model.constructor.name}, got ${got}. It is of another model.`,
    );
  };
  for (const [path, rank] of lowRank) {
    const layer = model.modules.get(path);
    if (path === "" || layer === undefined || !isFactorable(layer)) throw wrong(path, "a layer to factor");
    const { rows, columns } = matrixOf(layer.weight);
    if (rank > Math.min(rows, columns)) {
      throw new CheckpointError(`${file}: ${path}: expected a rank up to ${Math.min(rows, columns)}, got ${rank}.`);
    }
    undo.push(replaceModule(model, path, emptyLowRank(layer, rank)));
  }
  for (const path of folded) {
    if (!(model.modules.get(path) instanceof BatchNorm)) throw wrong(path, "a BatchNorm to fold");
    undo.push(replaceModule(model, path, new Identity()));
  }
}

/** What is rounded must be a parameter, or the input of a layer. */
function requirePlaces(model: Module, { weights, inputs }: QuantisedParts, file: string): void {
  const [parameters, modules] = [model.namedParameters(), model.modules];
  const lost =
    [...weights.keys()].find((path) => !parameters.has(path)) ??
    [...inputs.keys()].find((path) => !(modules.has(path) && isWeighted(modules.get(path)!)));
  if (lost === undefined) return;
  throw new CheckpointError(
    `${file}: expected rounded weights and layers of ${model.constructor.name}, got ${JSON.stringify(lost)}. It is of another model.`,
  );
}

/** Parameters of the file's sizes, in layers that may be cut; biases where folding has made some. */
function resize(model: Module, values: ReadonlyMap<string, HostTensor>, { file, undo }: Changing): void {
  for (const [path, layer] of model.modules) {
    if (!(layer instanceof Linear || layer instanceof Conv2d || layer instanceof BatchNorm)) continue;
    const fields = ["weight", "bias", ...(layer instanceof BatchNorm ? (["runningMean", "runningVariance"] as const) : [])] as const;
    const isDepthwise = layer instanceof Conv2d && isPasser(layer);
    for (const field of fields) {
      const value = values.get(pathOf(path, field));
      const cell = (layer as unknown as Record<string, Parameter | Buffer | undefined>)[field];
      if (value === undefined || cell?.shape.join() === value.shape.join()) continue;
      const most = cell?.shape ?? [layer.weight.shape.at(-1)!];
      // Only channels can be fewer; a kernel keeps its height and width.
      const isCut =
        value.shape.length === most.length &&
        value.shape.every((size, axis) => size >= 1 && (axis >= most.length - 2 ? size <= most[axis]! : size === most[axis]));
      if (!isCut) {
        throw new CheckpointError(
          `${file}: tensor ${pathOf(path, field)}: expected [${most.join(", ")}] or fewer channels, got [${value.shape.join(", ")}]. It is of another model.`,
        );
      }
      const Kind = cell instanceof Buffer ? Buffer : Parameter;
      undo.push(replaceCell(layer, field, new Kind(hostTensor(new Float32Array(sizeOf(value.shape)), value.shape))));
      if (isDepthwise && field === "weight") undo.push(setGroups(layer, value.shape.at(-1)!));
    }
  }
}
