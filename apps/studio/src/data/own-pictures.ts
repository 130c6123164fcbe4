/** The user's own pictures by class, from a folder or the camera, and the set they make. They stay in the page. */

import { DataError, Rng } from "@dl/core";
import type { LabelledBytes } from "./shard-format.ts";

/** Side in pixels of the squares that pictures are scaled to. */
export const ownImageSize = 32;
/** More would not fit a page. */
export const mostOwnImages = 4000;
/** Of a class: one to learn from, one to test on. */
export const leastPerClass = 2;
/** A label is a byte. */
const mostClasses = 256;
/** Share of each class that is held back to test on. */
const testShare = 0.2;

/** Pictures of `ownImageSize² · 3` bytes by the name of their class. */
export type OwnPictures = ReadonlyMap<string, readonly Uint8Array[]>;

export interface OwnImageSet {
  readonly classNames: readonly string[];
  readonly train: LabelledBytes;
  readonly test: LabelledBytes;
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
}

/** With a picture more. Throws a DataError for one too many. */
export function withPicture(pictures: OwnPictures, { name, pixels }: { name: string; pixels: Uint8Array }): OwnPictures {
  const count = [...pictures.values()].reduce((sum, own) => sum + own.length, 0);
  if (count >= mostOwnImages) throw new DataError(`Expected at most ${mostOwnImages} pictures, which is what a page can hold.`);
  return new Map([...pictures, [name, [...(pictures.get(name) ?? []), pixels]]]);
}

/**
 * Divided into pictures to learn from and to test on; equal pictures are divided alike.
 *
 * @throws DataError for fewer than two classes, too many, or classes with too few pictures.
 */
export function imageSetOfPictures(pictures: OwnPictures): OwnImageSet {
  const classNames = [...pictures.keys()].sort();
  if (classNames.length < 2) {
    const got = classNames.length === 0 ? "no pictures" : `only "${classNames[0]}"`;
    throw new DataError(`Pictures to train on are of two classes at least: drop a folder, or take some with the camera. Got ${got}.`);
  }
  requireFew(classNames);
  const train: Labelled[] = [];
  const test: Labelled[] = [];
  const rng = new Rng(0).fork("test images");
  for (const [label, name] of classNames.entries()) {
    const own = pictures.get(name)!;
    if (own.length < leastPerClass)
      throw new DataError(`Each class needs at least ${leastPerClass} pictures, "${name}" has ${own.length}.`);
    const order = rng.fork(`class ${label}`).permutation(own.length);
    const held = Math.max(1, Math.round(testShare * own.length));
    for (const [i, at] of order.entries()) (i < held ? test : train).push({ pixels: own[at]!, label });
  }
  return { classNames, train: joined(train), test: joined(test), statistics: statisticsOf(train.map(({ pixels }) => pixels)) };
}

/** Throws a DataError for more classes than a label can name. */
export function requireFew(classNames: readonly string[]): void {
  if (classNames.length > mostClasses)
    throw new DataError(`Expected at most ${mostClasses} classes, got ${classNames.length}. Is each folder of pictures a class?`);
}

interface Labelled {
  readonly pixels: Uint8Array;
  readonly label: number;
}

function joined(images: readonly Labelled[]): LabelledBytes {
  const size = images[0]!.pixels.length;
  const bytes = new Uint8Array(images.length * size);
  for (const [i, { pixels }] of images.entries()) bytes.set(pixels, i * size);
  return { images: bytes, labels: Uint8Array.from(images, ({ label }) => label) };
}

/** Mean and deviation of each channel, in [0, 1]. */
function statisticsOf(images: readonly Uint8Array[]): OwnImageSet["statistics"] {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let count = 0;
  for (const pixels of images) {
    for (let i = 0; i < pixels.length; i++) {
      const value = pixels[i]! / 255;
      sums[i % 3]! += value;
      squares[i % 3]! += value * value;
    }
    count += pixels.length / 3;
  }
  const mean = sums.map((sum) => sum / count);
  return { mean, standardDeviation: squares.map((square, c) => Math.max(0.01, Math.sqrt(Math.max(0, square / count - mean[c]! ** 2)))) };
}
