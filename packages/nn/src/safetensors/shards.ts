/** A model spread over several safetensors files with an index, as transformers' `save_pretrained` writes large ones. */

import { CheckpointError, OptionError } from "@dl/core";
import { toStored } from "./convert.ts";
import { HeaderSyntaxError, type HeaderValue, parseHeaderJson } from "./header-json.ts";
import { readSafetensors, type TensorMap } from "./safetensors.ts";
import { type StoredTensor, storedBytes } from "./stored-tensor.ts";

/** `model.safetensors.index.json`, read. */
export interface ShardIndex {
  /** Which file holds a tensor, by the tensor's name. */
  readonly fileOf: ReadonlyMap<string, string>;
}

/** Reads an index. `file` names it in errors. */
export function parseShardIndex(text: string, { file = "model.safetensors.index.json" }: { file?: string } = {}): ShardIndex {
  let json: HeaderValue;
  try {
    json = parseHeaderJson(text);
  } catch (error) {
    if (error instanceof HeaderSyntaxError) throw new CheckpointError(`${file}: not valid JSON: ${error.message}.`);
    throw error;
  }
  const weights = json instanceof Map ? (json as ReadonlyMap<string, HeaderValue>).get("weight_map") : undefined;
  if (!(weights instanceof Map))
    throw new CheckpointError(`${file}: expected an object with "weight_map", got none. This is not a shard index.`);
  const fileOf = new Map<string, string>();
  for (const [name, shard] of weights as ReadonlyMap<string, HeaderValue>) {
    // A plain name beside the index: an index from a stranger must not lead elsewhere on the disk.
    if (typeof shard !== "string" || !/^[^/\\:]+\.safetensors$/.test(shard)) {
      throw new CheckpointError(
        `${file}: tensor ${JSON.stringify(name)}: expected the name of a .safetensors file beside the index, got ${JSON.stringify(shard)}.`,
      );
    }
    fileOf.set(name, shard);
  }
  return { fileOf };
}

/**
 * Reads all shards of an index; each is asked for once, one after the other.
 *
 * @param load  Gives the bytes of a shard by its file name, such as a `fetch` beside the index.
 */
export async function readShards({ fileOf }: ShardIndex, load: (file: string) => Promise<Uint8Array>): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  for (const file of new Set(fileOf.values())) {
    for (const [name, tensor] of readSafetensors(await load(file), { file }).tensors) {
      if (fileOf.get(name) !== file) {
        throw new CheckpointError(
          `${file}: tensor ${JSON.stringify(name)}: expected only tensors the index puts there, got one it puts in ${fileOf.get(name) ?? "no file"}.`,
        );
      }
      tensors.set(name, tensor);
    }
  }
  for (const [name, file] of fileOf) {
    if (!tensors.has(name))
      throw new CheckpointError(`${file}: expected tensor ${JSON.stringify(name)}, which the index puts there, got none.`);
  }
  return tensors;
}

export interface ShardPlan {
  /** Tensors by file name. */
  readonly shards: ReadonlyMap<string, TensorMap>;
  /** The text of `model.safetensors.index.json`. */
  readonly index: string;
}

/** Splits tensors into files of at most `maximumBytes` of data (a larger tensor gets a file to itself), in the order given. */
export function planShards(
  tensors: TensorMap,
  { maximumBytes = 5e9, name = "model" }: { maximumBytes?: number; name?: string } = {},
): ShardPlan {
  if (!(maximumBytes >= 1)) throw new OptionError(`planShards: expected maximumBytes ≥ 1, got ${String(maximumBytes)}.`);
  const groups: Map<string, StoredTensor>[] = [new Map()];
  let room = maximumBytes;
  let total = 0;
  for (const [key, tensor] of tensors) {
    const part = "bytes" in tensor ? tensor : toStored(tensor);
    const size = part.shape.reduce((product, axis) => product * axis, storedBytes[part.dtype]);
    if (size > room && groups.at(-1)!.size > 0) {
      groups.push(new Map());
      room = maximumBytes;
    }
    groups.at(-1)!.set(key, part);
    room -= size;
    total += size;
  }
  const number = (value: number): string => String(value).padStart(5, "0");
  const shards = new Map<string, TensorMap>();
  const lines: string[] = [];
  groups.forEach((group, i) => {
    const file = `${name}-${number(i + 1)}-of-${number(groups.length)}.safetensors`;
    shards.set(file, group);
    for (const key of group.keys()) lines.push(`    ${JSON.stringify(key)}: ${JSON.stringify(file)}`);
  });
  const index = `{\n  "metadata": {\n    "total_size": ${total}\n  },\n  "weight_map": {\n${lines.sort().join(",\n")}\n  }\n}\n`;
  return { shards, index };
}
