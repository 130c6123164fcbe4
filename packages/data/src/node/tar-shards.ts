/**
 * Shards: tar archives whose files come in groups of one name, an example each: `000123.jpg`, `000123.cls`. The form of WebDataset.
 * github.com/webdataset/webdataset, "The WebDataset format".
 */

import { join } from "node:path";
import { DataError, OptionError, type Rng } from "@dl/core";
import { readTar } from "../formats/tar.ts";
import { tarEnd, tarMember } from "../formats/tar-writer.ts";
import { DataStream, type StreamCursor, type StreamState } from "../streams/data-stream.ts";
import { chain } from "../streams/mix.ts";
import { fileBytes } from "./file-bytes.ts";
import { writePieces } from "./write-lines.ts";

/** The files of one example. */
export interface ShardSample {
  /** The path up to the first dot of the file's name. */
  readonly key: string;
  /** What follows the dot, such as `jpg`, and the file's bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export interface TarShardsOptions {
  /** Draws the order of the shards anew in every pass. Default: as listed. */
  shuffle?: Rng | undefined;
  /** A file larger than this is an error, before memory is given to it. Default 1 GiB. */
  maximumBytes?: number | undefined;
}

/**
 * The samples of tar archives, one archive after the other; `.tar.gz` is decompressed. Only the sample at hand is in memory.
 *
 * @throws DataError, when it is read, for a damaged archive.
 * @example no-run
 * const images = tarShards(paths, { shuffle: rng.fork("shards") })
 *   .map(({ files }) => decodeImage(files.jpg!))
 *   .shuffle({ buffer: 1000, rng: rng.fork("order") });
 */
export function tarShards(paths: readonly string[], { shuffle, maximumBytes = 2 ** 30 }: TarShardsOptions = {}): DataStream<ShardSample> {
  if (paths.length === 0) throw new DataError("tarShards: expected at least one shard, got none.");
  const shards = paths.map((path) => new DataStream((state) => new ShardCursor(path, { maximumBytes, state })));
  return chain(shards, { shuffle });
}

class ShardCursor implements StreamCursor<ShardSample> {
  readonly #path: string;
  readonly #maximumBytes: number;
  /** Where the next sample begins; −1 once the archive turned out to be damaged: what is left of it is lost. */
  #offset: number;
  #entries: AsyncGenerator<{ key: string; extension: string; bytes: Uint8Array; start: number }, void, undefined> | undefined;
  #ahead: { key: string; extension: string; bytes: Uint8Array; start: number } | undefined;
  #ended = false;

  constructor(path: string, { maximumBytes, state }: { maximumBytes: number; state: StreamState | undefined }) {
    this.#path = path;
    this.#maximumBytes = maximumBytes;
    this.#offset = (state as number | undefined) ?? 0;
  }

  async next(): Promise<IteratorResult<ShardSample, undefined>> {
    if (this.#offset < 0) return { done: true, value: undefined };
    try {
      return await this.#sample();
    } catch (error) {
      this.#offset = -1;
      await this.#entries?.return();
      throw error;
    }
  }

  async #sample(): Promise<IteratorResult<ShardSample, undefined>> {
    this.#entries ??= this.#read();
    const first = this.#ahead ?? (await this.#take());
    this.#ahead = undefined;
    if (first === undefined) return { done: true, value: undefined };
    const files: Record<string, Uint8Array> = { [first.extension]: first.bytes };
    for (;;) {
      const entry = await this.#take();
      if (entry === undefined) break;
      if (entry.key !== first.key) {
        this.#ahead = entry;
        this.#offset = entry.start;
        break;
      }
      if (Object.hasOwn(files, entry.extension)) {
        throw new DataError(`tarShards: expected one file ${entry.key}.${entry.extension} in ${this.#path}, got two.`);
      }
      files[entry.extension] = entry.bytes;
    }
    return { done: false, value: { key: first.key, files } };
  }

  async #take() {
    if (this.#ended) return undefined;
    const step = await this.#entries!.next();
    if (!step.done) return step.value;
    this.#ended = true;
    return undefined;
  }

  async *#read() {
    const base = this.#offset;
    let start = base;
    for await (const { path, size, end, body } of readTar(fileBytes(this.#path, base))) {
      if (size > this.#maximumBytes) {
        throw new DataError(
          `tarShards: expected files of at most ${this.#maximumBytes} bytes in ${this.#path}, got ${path} of ${size}. Raise maximumBytes.`,
        );
      }
      const bytes = new Uint8Array(size);
      let at = 0;
      for await (const chunk of body) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      const slash = path.lastIndexOf("/") + 1;
      const dot = path.indexOf(".", slash);
      const key = dot < 0 ? path : path.slice(0, dot);
      yield { key, extension: dot < 0 ? "" : path.slice(dot + 1), bytes, start };
      start = base + end;
      if (this.#ahead === undefined) this.#offset = start;
    }
  }

  state(): StreamState {
    return this.#offset;
  }

  async close(): Promise<void> {
    await this.#entries?.return();
  }
}

export interface WriteTarShardsOptions {
  /** Samples in a shard, at least 1; the last may have fewer. */
  samplesPerShard: number;
  /** Name of shard `i`; one that ends in `.gz` is compressed. Default `shard-000000.tar`, `shard-000001.tar`, …. */
  nameOf?: ((shard: number) => string) | undefined;
}

/** Writes samples into tar archives that `tarShards`, and WebDataset, read. Each shard is there whole or not at all. Returns their paths. */
export async function writeTarShards(
  folder: string,
  samples: Iterable<ShardSample> | AsyncIterable<ShardSample>,
  { samplesPerShard, nameOf = (shard) => `shard-${String(shard).padStart(6, "0")}.tar` }: WriteTarShardsOptions,
): Promise<string[]> {
  if (!Number.isInteger(samplesPerShard) || samplesPerShard < 1) {
    throw new OptionError(`writeTarShards: expected a whole number of samplesPerShard of at least 1, got ${samplesPerShard}.`);
  }
  const source = Symbol.asyncIterator in samples ? samples[Symbol.asyncIterator]() : samples[Symbol.iterator]();
  const paths: string[] = [];
  let step = await source.next();
  while (!step.done) {
    const path = join(folder, nameOf(paths.length));
    const keys = new Set<string>();
    const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (let written = 0; !step.done && written < samplesPerShard; written++) {
        const { key, files } = step.value;
        if (key.slice(key.lastIndexOf("/") + 1).includes(".") || keys.has(key)) {
          throw new DataError(`writeTarShards: expected keys without a dot, each once in a shard, got ${JSON.stringify(key)}.`);
        }
        keys.add(key);
        for (const [extension, bytes] of Object.entries(files)) yield* tarMember(extension === "" ? key : `${key}.${extension}`, bytes);
        step = await source.next();
      }
      yield tarEnd();
    };
    await writePieces(path, pieces());
    paths.push(path);
  }
  return paths;
}
