/**
 * Makes the small data sets that the studio serves from its own origin: the first images of MNIST, Fashion-MNIST and CIFAR-10 and
 * the text of Tiny Shakespeare, in shards with checksums. Does nothing when they are there already.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  cifar10,
  cifar10Classes,
  cifar10Source,
  cifar10Statistics,
  fashionMnist,
  fashionMnistClasses,
  fashionMnistSource,
  fashionMnistStatistics,
  type ImageDataset,
  mnist,
  mnistClasses,
  mnistSource,
  mnistStatistics,
  type Source,
  type SplitOptions,
  tinyShakespeare,
  tinyShakespeareSource,
} from "@dl/data/node";
import { encodeShard, type ImageSetIndex, indexFormat, type ShardIndex, type ShardPlace, type TextSetIndex } from "../data/shard-format.ts";

interface ImageSetPlan {
  readonly title: string;
  readonly source: Source;
  readonly load: (options: SplitOptions) => Promise<ImageDataset>;
  readonly classNames: readonly string[];
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
  /** Images of each split, and of a shard. */
  readonly train: number;
  readonly test: number;
  readonly shard: number;
}

const imageSets: Readonly<Record<string, ImageSetPlan>> = {
  mnist: {
    ...{ title: "MNIST", source: mnistSource, load: mnist, classNames: mnistClasses, statistics: mnistStatistics },
    ...{ train: 10_000, test: 2_000, shard: 2_500 },
  },
  fashion: {
    ...{ title: "Fashion-MNIST", source: fashionMnistSource, load: fashionMnist },
    ...{ classNames: fashionMnistClasses, statistics: fashionMnistStatistics },
    ...{ train: 10_000, test: 2_000, shard: 2_500 },
  },
  cifar: {
    ...{ title: "CIFAR-10", source: cifar10Source, load: cifar10, classNames: cifar10Classes, statistics: cifar10Statistics },
    ...{ train: 5_000, test: 1_000, shard: 1_000 },
  },
};

/** Makes the shards in `folder`. A set that cannot be had is left out and named; without any there is nothing to serve. */
export async function prepareData(folder: string): Promise<ShardIndex> {
  const there = await existing(folder);
  if (there) return there;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const images: Record<string, ImageSetIndex> = {};
  const missing: Record<string, string> = {};
  for (const [name, plan] of Object.entries(imageSets)) {
    try {
      images[name] = await writeImageSet(folder, { name, plan });
      console.log(`${plan.title}: ${plan.train} + ${plan.test} images`);
    } catch (error) {
      missing[name] = error instanceof Error ? error.message : String(error);
      console.warn(`${plan.title} is left out: ${missing[name]}`);
    }
  }
  const texts: Record<string, TextSetIndex> = {};
  try {
    const text = await tinyShakespeare();
    const place = await writeShard(folder, { name: "shakespeare", bytes: new TextEncoder().encode(text), examples: 1 });
    texts.shakespeare = { title: "Tiny Shakespeare", licence: tinyShakespeareSource.licence, characters: text.length, shard: place };
    console.log(`Tiny Shakespeare: ${text.length} characters`);
  } catch (error) {
    missing.shakespeare = error instanceof Error ? error.message : String(error);
    console.warn(`Tiny Shakespeare is left out: ${missing.shakespeare}`);
  }
  const index: ShardIndex = { format: indexFormat, images, texts, missing };
  await writeFile(join(folder, "index.json"), `${JSON.stringify(index, null, 1)}\n`);
  return index;
}

/** The index, when it is of this format, complete, and all its files are there. */
async function existing(folder: string): Promise<ShardIndex | undefined> {
  try {
    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as ShardIndex;
    if (index.format !== indexFormat || Object.keys(index.missing).length > 0) return undefined;
    const places = Object.values(index.images).flatMap(({ train, test }) => [...train, ...test]);
    for (const { file } of [...places, ...Object.values(index.texts).map(({ shard }) => shard)]) await stat(join(folder, file));
    return index;
  } catch {
    return undefined;
  }
}

async function writeImageSet(folder: string, { name, plan }: { name: string; plan: ImageSetPlan }): Promise<ImageSetIndex> {
  const shards = async (split: "train" | "test"): Promise<ShardPlace[]> => {
    const { columns } = await plan.load({ split });
    const { images, labels } = columns;
    if (!("bytes" in images) || "bytes" in labels) throw new Error(`expected images kept as bytes, and labels as numbers, in ${name}`);
    const size = images.bytes.length / images.shape[0]!;
    const places: ShardPlace[] = [];
    for (let at = 0; at < plan[split]; at += plan.shard) {
      const end = Math.min(at + plan.shard, plan[split]);
      const bytes = encodeShard({
        images: images.bytes.subarray(at * size, end * size),
        labels: Uint8Array.from(labels.data.subarray(at, end)),
      });
      places.push(await writeShard(folder, { name: `${name}-${split}-${places.length}`, bytes, examples: end - at }));
    }
    return places;
  };
  const first = await plan.load({ split: "test" });
  const [train, test] = [await shards("train"), await shards("test")];
  const { title, classNames, statistics, source } = plan;
  const shape = first.columns.images.shape.slice(1) as [number, number, number];
  return { title, licence: source.licence, citation: source.citation, classNames, statistics, shape, train, test };
}

async function writeShard(
  folder: string,
  { name, bytes, examples }: { name: string; bytes: Uint8Array; examples: number },
): Promise<ShardPlace> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  // Not .gz: hosts that know the ending tell the browser to decompress, others do not.
  const file = `${name}.${sha256.slice(0, 8)}.shard`;
  const compressed = gzipSync(bytes, { level: 9 });
  await writeFile(join(folder, file), compressed);
  return { file, examples, sha256, bytes: compressed.length };
}

if (process.argv[1] === import.meta.filename) await prepareData(join(import.meta.dirname, "../../public/data"));
