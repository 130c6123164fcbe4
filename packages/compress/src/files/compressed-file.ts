/** A compressed model as one safetensors file: what was pruned is left out, what was rounded is small, and the header says what became of the layers. */

import { type HostTensor, OptionError } from "@dl/core";
import { readState, type StoredTensor, toStored, writeSafetensors } from "@dl/nn";
import { requireBare } from "../layers/attached.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { LowRank } from "../low-rank/low-rank-layer.ts";
import { Identity } from "../quantisation/fold-batch-norm.ts";
import type { AffineScale } from "../quantisation/integers.ts";
import { QuantisedModel } from "../quantisation/quantised-model.ts";
import { dequantise, type QuantisedWeight } from "../quantisation/quantised-weight.ts";
import { type CompressedHeader, formatHeader } from "./compressed-header.ts";
import { type Packing, packSparse, packWeight } from "./packed-tensors.ts";

/**
 * The bytes of a file that `loadCompressed` puts into a model of the original form. Rounded weights are int8 or int4 with their scales; of
 * parameters with many zeros those that are none; the rest is float32, exactly.
 *
 * @param options.metadata  More text for the header. Default none.
 * @throws OptionError where the file would not be what the model computes: under masks that are not permanent, or with rounded weights that
 * have changed since.
 * @example no-run
 * await writeFileAtomically("model.safetensors", [await compressedFile(quantised)]);
 */
export async function compressedFile(
  model: TracedModel | QuantisedModel,
  { metadata = {} }: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<Uint8Array> {
  const quantised = model instanceof QuantisedModel ? model : undefined;
  const whole = quantised?.model ?? model;
  requireBare("compressedFile", whole, { but: quantised });
  const packings = new Map<string, Packing>();
  const tensors = new Map<string, HostTensor | StoredTensor>();
  for (const [path, tensor] of await readState(whole)) {
    const weight = quantised?.weights.get(path);
    if (weight) requireUnchanged(path, weight, tensor);
    const packed = weight ? packWeight(path, weight) : packSparse(path, tensor);
    if (packed === undefined) tensors.set(path, toStored(tensor));
    else {
      packings.set(path, packed.packing);
      for (const [name, part] of packed.tensors) tensors.set(name, part);
    }
  }
  const inputs = new Map<string, AffineScale>();
  for (const [path, quantiser] of quantised?.inputs ?? []) inputs.set(path, await quantiser.read());
  const modules = [...whole.modules];
  const header: CompressedHeader = {
    tensors: packings,
    lowRank: new Map(modules.flatMap(([path, module]) => (module instanceof LowRank ? [[path, module.rank] as const] : []))),
    folded: modules.flatMap(([path, module]) => (module instanceof Identity ? [path] : [])),
    inputs,
  };
  return writeSafetensors(tensors, { metadata: { ...metadata, ...formatHeader(header) } });
}

function requireUnchanged(path: string, weight: QuantisedWeight, { data }: HostTensor): void {
  const rounded = dequantise(weight).data;
  if (data.every((value: number, i: number) => value === rounded[i])) return;
  throw new OptionError(
    `compressedFile: expected ${path} as it was rounded, got other values: it was detached, or changed since. Round the model anew.`,
  );
}
