/** The data sets the studio serves: an index, and shards of raw bytes, gzipped. Written by `build/prepare-data.ts`, read by `read-shards.ts`. */

/** Changes when an older index cannot be read. */
export const indexFormat = "dl-studio-data-1";

/** One file. */
export interface ShardPlace {
  readonly file: string;
  readonly examples: number;
  /** Of the bytes as they are once decompressed. */
  readonly sha256: string;
  /** Of the file. */
  readonly bytes: number;
}

export interface ImageSetIndex {
  readonly title: string;
  readonly licence: string;
  readonly citation: string;
  readonly classNames: readonly string[];
  /** Of the whole training set's channels, in [0, 1]. */
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
  /** `[height, width, channels]` */
  readonly shape: readonly [number, number, number];
  readonly train: readonly ShardPlace[];
  readonly test: readonly ShardPlace[];
}

export interface TextSetIndex {
  readonly title: string;
  readonly licence: string;
  readonly characters: number;
  readonly shard: ShardPlace;
}

export interface ShardIndex {
  readonly format: string;
  readonly images: Readonly<Record<string, ImageSetIndex>>;
  readonly texts: Readonly<Record<string, TextSetIndex>>;
  /** Sets that could not be had when the shards were made, with the reason. */
  readonly missing: Readonly<Record<string, string>>;
}

/** A set of images that the studio was built with. */
export function imageSetOf({ images, missing }: ShardIndex, name: string): ImageSetIndex {
  const set = images[name];
  if (!set) throw new Error(`This studio was built without these images: ${missing[name] ?? "the set is unknown"}.`);
  return set;
}

/** Images of one shape, and a label each. */
export interface LabelledBytes {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** Images one after the other, then a byte a label. */
export function encodeShard({ images, labels }: LabelledBytes): Uint8Array {
  const bytes = new Uint8Array(images.length + labels.length);
  bytes.set(images);
  bytes.set(labels, images.length);
  return bytes;
}

export function decodeShard(bytes: Uint8Array, { examples }: { readonly examples: number }): LabelledBytes {
  const at = bytes.length - examples;
  return { images: bytes.subarray(0, at), labels: bytes.subarray(at) };
}
