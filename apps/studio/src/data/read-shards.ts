/** Fetches data sets from the studio's own origin, checks them, and keeps them for the next training. */

import { DataError } from "@dl/core";
import { decodeShard, type ImageSetIndex, indexFormat, type LabelledBytes, type ShardIndex, type ShardPlace } from "./shard-format.ts";

/** Where the shards are, seen from the page. */
const folder = "./data/";

/** Share of the bytes that are there, for a progress bar. */
export type OnProgress = (share: number) => void;

let index: Promise<ShardIndex> | undefined;
const shards = new Map<string, Promise<Uint8Array>>();

/** What sets there are. */
export function readIndex(): Promise<ShardIndex> {
  index ??= fetchIndex().catch((error: unknown) => {
    index = undefined;
    throw error;
  });
  return index;
}

async function fetchIndex(): Promise<ShardIndex> {
  const text = new TextDecoder().decode(await fetchBytes("index.json"));
  let read: Partial<ShardIndex> | undefined;
  try {
    read = JSON.parse(text);
  } catch {
    read = undefined;
  }
  if (read?.format !== indexFormat) {
    throw new DataError(
      `The index of the data sets is not what this page expects (${indexFormat}). Build the studio again, data and page together.`,
    );
  }
  return read as ShardIndex;
}

/** The first `count` images of a split, in whole shards' order. */
export async function readImages(
  set: ImageSetIndex,
  { split, count, onProgress }: { split: "train" | "test"; count: number; onProgress?: OnProgress },
): Promise<LabelledBytes> {
  const wanted: ShardPlace[] = [];
  let examples = 0;
  for (const place of set[split]) {
    if (examples >= count) break;
    wanted.push(place);
    examples += place.examples;
  }
  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  let received = 0;
  const parts = await Promise.all(
    wanted.map(async (place) => {
      const part = decodeShard(await readShard(place), place);
      received += place.bytes;
      onProgress?.(received / total);
      return part;
    }),
  );
  const taken = Math.min(count, examples);
  const size = set.shape[0] * set.shape[1] * set.shape[2];
  return {
    images: joined(parts.map((part) => part.images)).subarray(0, taken * size),
    labels: joined(parts.map((part) => part.labels)).subarray(0, taken),
  };
}

/** One shard, decompressed and checked. */
export function readShard(place: ShardPlace): Promise<Uint8Array> {
  let shard = shards.get(place.file);
  if (!shard) {
    shard = fetchShard(place).catch((error: unknown) => {
      shards.delete(place.file);
      throw error;
    });
    shards.set(place.file, shard);
  }
  return shard;
}

async function fetchShard({ file, sha256 }: ShardPlace): Promise<Uint8Array> {
  const bytes = await decompressed(await fetchBytes(file), file);
  // Only secure pages have it; gzip's own checksum stands elsewhere.
  const digest = await globalThis.crypto.subtle?.digest("SHA-256", bytes);
  const got = digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (got !== undefined && got !== sha256) {
    throw new DataError(
      `${file}: expected data with the checksum ${sha256.slice(0, 12)}…, got ${got.slice(0, 12)}…. The file is damaged: reload the page.`,
    );
  }
  return bytes;
}

async function decompressed(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<Uint8Array<ArrayBuffer>> {
  // A host may have decompressed it on the way.
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new DataError(`${file}: expected gzipped data, got a file that is cut off or damaged. Reload the page.`);
  }
}

async function fetchBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(new URL(folder + file, document.baseURI));
  } catch {
    throw new DataError(
      `${file} could not be fetched: there is no connection, and it was not kept from an earlier visit. Go online and try again.`,
    );
  }
  if (!response.ok) {
    throw new DataError(
      `${file} could not be fetched: the server answered ${response.status}. Was the studio built with its data (pnpm --filter @app/studio build)?`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
