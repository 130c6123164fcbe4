/** One split of a data set, each example read once: counts, imbalance, damage, channel statistics, doubtful labels. */

import { DataError, formatShape, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { ChannelMoments } from "../statistics/channel-moments.ts";
import { LabelJudge, type LabelVerdict } from "./label-judge.ts";

/** A file that is no example, such as `lazyImageFolder(…).skipped` has. */
export interface LeftOutFile {
  readonly path: string;
  readonly reason: string;
}

export interface SplitReport extends LabelVerdict {
  readonly name: string;
  readonly examples: number;
  /** Files of the split that are no examples. */
  readonly leftOut: readonly LeftOutFile[];
  /** Of this split; `undefined` where it names none. */
  readonly classNames: readonly string[] | undefined;
  /** Field by field: `float32 [28, 28, 1]`, or several if they differ. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  /** Labels of no class: negative ones, those without a class name, and from 65,536 on where classes have no names. */
  readonly badLabels: readonly { readonly index: number; readonly label: number }[];
  /** Examples of each class, bad labels aside; `undefined` without labels. */
  readonly classCounts: readonly number[] | undefined;
  /** The largest class over the smallest; `undefined` without labels, `Infinity` where a class has no example. */
  readonly imbalance: number | undefined;
  readonly damaged: readonly { readonly index: number; readonly reason: string }[];
  /** Examples that hold NaN or an infinity. */
  readonly notFinite: readonly number[];
  /** Images of one value everywhere. */
  readonly constant: readonly number[];
  readonly channels: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] } | undefined;
}

export interface InspectSplitOptions {
  readonly name: string;
  readonly rng: Rng;
  readonly labelField: string;
  readonly imageField: string;
  readonly labelNoise: boolean;
  readonly leftOut: readonly LeftOutFile[];
  /** Is told of every example that can be read. */
  readonly onExample: (example: Example, index: number) => void;
}

/** Classes without names, at the most: what is larger is no class but a number of another kind, and must not be counted up to. */
const mostClasses = 2 ** 16;

export function inspectSplit(dataset: Dataset, options: InspectSplitOptions): SplitReport {
  const { name, rng, labelField, imageField, labelNoise, leftOut, onExample } = options;
  const fields = new Map<string, Set<string>>();
  const damaged: { index: number; reason: string }[] = [];
  const notFinite: number[] = [];
  const constant: number[] = [];
  const badLabels: { index: number; label: number }[] = [];
  const counts = new Map<number, number>();
  const most = dataset.classNames?.length ?? mostClasses;
  const moments = new ChannelMoments();
  let channels: number | undefined;
  const judge = labelNoise ? new LabelJudge({ imageField }) : undefined;
  for (let index = 0; index < dataset.length; index++) {
    let example: Example;
    try {
      example = dataset.get(index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damaged.push({ index, reason: error.message });
      continue;
    }
    onExample(example, index);
    for (const [field, { dtype, shape }] of Object.entries(example)) {
      if (!fields.has(field)) fields.set(field, new Set());
      fields.get(field)!.add(`${dtype} ${formatShape(shape)}`);
    }
    const finite = Object.values(example).every(({ data }) => data.every(Number.isFinite));
    if (!finite) notFinite.push(index);
    const image = example[imageField];
    if (image !== undefined && image.data.length > 1 && image.data.every((value) => value === image.data[0])) constant.push(index);
    if (finite && image?.shape.length === 3) {
      // Of images with as many channels as the first.
      channels ??= image.shape[2]!;
      if (image.shape[2] === channels && image.data.length > 0) moments.add(image.data, channels);
    }
    const label = example[labelField];
    if (label?.dtype === "int32" && label.data.length === 1) {
      const value = label.data[0]!;
      if (value < 0 || value >= most) {
        badLabels.push({ index, label: value });
        continue;
      }
      counts.set(value, (counts.get(value) ?? 0) + 1);
      if (finite) judge?.add(index, { label: value, image });
    }
  }
  const classes = dataset.classNames?.length ?? [...counts.keys()].reduce((classes, label) => Math.max(classes, label + 1), 0);
  const isLabelled = classes > 0 && counts.size + badLabels.length > 0;
  const classCounts = isLabelled ? Array.from({ length: classes }, (_, label) => counts.get(label) ?? 0) : undefined;
  return {
    name,
    examples: dataset.length,
    leftOut,
    classNames: dataset.classNames,
    fields: Object.fromEntries(Array.from(fields, ([field, forms]) => [field, [...forms]])),
    badLabels,
    classCounts,
    imbalance: classCounts && imbalanceOf(classCounts),
    damaged,
    notFinite,
    constant,
    channels: moments.result(),
    ...(judge?.verdict({ classes, rng: rng.fork(name) }) ?? { labelNoise: [], notJudged: "not asked for" }),
  };
}

function imbalanceOf(counts: readonly number[]): number {
  const least = counts.reduce((least, count) => Math.min(least, count), Infinity);
  return least === 0 ? Infinity : counts.reduce((most, count) => Math.max(most, count), 0) / least;
}
