/** What is wrong with a data set, if anything: counts, imbalance, damage, duplicates, leaks between splits, doubtful labels. */

import { DataError, formatShape, type HostTensor, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { contentHash, sameContent } from "./content-hash.ts";
import { crossValidatedProbabilities } from "./cross-validated-probabilities.ts";
import { type LabelNoiseCandidate, labelNoiseCandidates } from "./label-noise.ts";

export interface InspectDataOptions {
  rng: Rng;
  /** Default `"labels"`; a set without such a field is inspected without classes. */
  labelField?: string | undefined;
  /** Default `"images"`; channel statistics and doubtful labels need it. */
  imageField?: string | undefined;
  /**
   * Looks for doubtful labels, which takes the longest: where images have one form, ten or more are whole, and their number times that of
   * the classes is at most 2²⁷, the memory that judging takes. Default `true`.
   */
  labelNoise?: boolean | undefined;
}

/** An example of a split. */
export interface ExamplePlace {
  readonly split: string;
  readonly index: number;
}

export interface SplitReport {
  readonly name: string;
  readonly examples: number;
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
  /** Doubtful labels, the least plausible first. */
  readonly labelNoise: readonly LabelNoiseCandidate[];
}

export interface DataReport {
  readonly classNames: readonly string[] | undefined;
  readonly splits: readonly SplitReport[];
  /** Groups of examples that are the same but for their labels, within a split. */
  readonly duplicates: readonly (readonly ExamplePlace[])[];
  /** Groups that are in more than one split: what a test would measure by heart. */
  readonly leaks: readonly (readonly ExamplePlace[])[];
  /** Groups of the same content under different labels. */
  readonly conflicts: readonly (readonly ExamplePlace[])[];
}

/**
 * Reads every example of every split once.
 *
 * @example no-run
 * const report = inspectData({ train, test }, { rng: rng.fork("inspect") });
 * report.leaks.length; // pictures of the test set that are in the training set
 */
export function inspectData(splits: Readonly<Record<string, Dataset>>, options: InspectDataOptions): DataReport {
  const { labelField = "labels" } = options;
  const names = Object.keys(splits);
  if (names.length === 0) throw new DataError("inspectData: expected at least one split, got none.");
  const groups = new Map<string, ExamplePlace[]>();
  const reports = names.map((split) => inspectSplit(split, splits[split]!, { options, groups }));
  const read = ({ split, index }: ExamplePlace): Example => splits[split]!.get(index);
  const skip = [labelField];
  const same = [...groups.values()].flatMap((group) =>
    group.length < 2 ? [] : trulySame(group, (a, b) => sameContent(read(a), read(b), { skip })),
  );
  const labelAt = (place: ExamplePlace): number | undefined => read(place)[labelField]?.data[0];
  return {
    classNames: splits[names[0]!]!.classNames,
    splits: reports,
    duplicates: same.filter((group) => group.some(({ split }, i) => group.findIndex((other) => other.split === split) !== i)),
    leaks: same.filter((group) => new Set(group.map(({ split }) => split)).size > 1),
    conflicts: same.filter((group) => new Set(group.map(labelAt)).size > 1),
  };
}

/** A group of one fingerprint, parted where contents differ after all. */
function trulySame(group: readonly ExamplePlace[], same: (a: ExamplePlace, b: ExamplePlace) => boolean): ExamplePlace[][] {
  const parts: ExamplePlace[][] = [];
  for (const place of group) {
    const part = parts.find(([first]) => same(first!, place));
    if (part === undefined) parts.push([place]);
    else part.push(place);
  }
  return parts.filter((part) => part.length > 1);
}

function inspectSplit(
  name: string,
  dataset: Dataset,
  { options, groups }: { options: InspectDataOptions; groups: Map<string, ExamplePlace[]> },
): SplitReport {
  const { rng, labelField = "labels", imageField = "images", labelNoise = true } = options;
  const fields = new Map<string, Set<string>>();
  const damaged: { index: number; reason: string }[] = [];
  const notFinite: number[] = [];
  const constant: number[] = [];
  const badLabels: { index: number; label: number }[] = [];
  const counts = new Map<number, number>();
  const most = dataset.classNames?.length ?? mostClasses;
  const whole: number[] = [];
  const moments = new ChannelMoments();
  for (let index = 0; index < dataset.length; index++) {
    let example: Example;
    try {
      example = dataset.get(index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damaged.push({ index, reason: error.message });
      continue;
    }
    for (const [field, { dtype, shape }] of Object.entries(example)) {
      if (!fields.has(field)) fields.set(field, new Set());
      fields.get(field)!.add(`${dtype} ${formatShape(shape)}`);
    }
    const key = contentHash(example, { skip: [labelField] });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ split: name, index }]);
    else group.push({ split: name, index });
    const finite = Object.values(example).every(({ data }) => data.every(Number.isFinite));
    if (!finite) notFinite.push(index);
    const image = example[imageField];
    if (image !== undefined && image.data.length > 1 && image.data.every((value) => value === image.data[0])) constant.push(index);
    if (finite && image?.shape.length === 3) moments.add(image);
    const label = example[labelField];
    if (label?.dtype === "int32" && label.data.length === 1) {
      const value = label.data[0]!;
      if (value < 0 || value >= most) {
        badLabels.push({ index, label: value });
        continue;
      }
      counts.set(value, (counts.get(value) ?? 0) + 1);
      if (finite && image !== undefined) whole.push(index);
    }
  }
  const classes = dataset.classNames?.length ?? [...counts.keys()].reduce((classes, label) => Math.max(classes, label + 1), 0);
  const isLabelled = classes > 0 && counts.size + badLabels.length > 0;
  const classCounts = isLabelled ? Array.from({ length: classes }, (_, label) => counts.get(label) ?? 0) : undefined;
  const judged = labelNoise && counts.size > 1 && whole.length >= 10 && whole.length * classes <= mostJudged;
  return {
    name,
    examples: dataset.length,
    fields: Object.fromEntries(Array.from(fields, ([field, forms]) => [field, [...forms]])),
    badLabels,
    classCounts,
    imbalance: classCounts && imbalanceOf(classCounts),
    damaged,
    notFinite,
    constant,
    channels: moments.result(),
    labelNoise:
      judged && sameForms(fields.get(imageField)) ? doubtfulLabels(dataset, whole, { rng: rng.fork(name), labelField, imageField }) : [],
  };
}

/** Classes without names, at the most: what is larger is no class but a number of another kind, and must not be counted up to. */
const mostClasses = 2 ** 16;

/** Probabilities in memory, at the most. */
const mostJudged = 2 ** 27;

function imbalanceOf(counts: readonly number[]): number {
  const least = counts.reduce((least, count) => Math.min(least, count), Infinity);
  return least === 0 ? Infinity : counts.reduce((most, count) => Math.max(most, count), 0) / least;
}

/** Only images of one form can be judged together. */
function sameForms(forms: ReadonlySet<string> | undefined): boolean {
  return forms?.size === 1;
}

function doubtfulLabels(
  dataset: Dataset,
  whole: readonly number[],
  { rng, labelField, imageField }: { rng: Rng; labelField: string; imageField: string },
): LabelNoiseCandidate[] {
  const part: Dataset = { length: whole.length, classNames: dataset.classNames, get: (i) => dataset.get(whole[i]!) };
  const probabilities = crossValidatedProbabilities(part, { rng, labelField, featureField: imageField });
  const labels = Int32Array.from(whole, (index) => dataset.get(index)[labelField]!.data[0]!);
  return labelNoiseCandidates(labels, probabilities).map((candidate) => ({ ...candidate, index: whole[candidate.index]! }));
}

/** Mean and deviation of every channel, image by image: Chan, Golub, LeVeque 1979. */
class ChannelMoments {
  readonly #mean: number[] = [];
  readonly #squares: number[] = [];
  #seen = 0;
  #channels: number | undefined;

  add({ shape, data }: HostTensor): void {
    const channels = shape[2]!;
    this.#channels ??= channels;
    if (channels !== this.#channels || data.length === 0) return;
    const pixels = data.length / channels;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = c; i < data.length; i += channels) sum += data[i]!;
      const mean = sum / pixels;
      let squares = 0;
      for (let i = c; i < data.length; i += channels) squares += (data[i]! - mean) ** 2;
      const distance = mean - (this.#mean[c] ?? 0);
      this.#squares[c] = (this.#squares[c] ?? 0) + squares + (distance ** 2 * this.#seen * pixels) / (this.#seen + pixels);
      this.#mean[c] = (this.#mean[c] ?? 0) + (distance * pixels) / (this.#seen + pixels);
    }
    this.#seen += pixels;
  }

  result(): { mean: number[]; standardDeviation: number[] } | undefined {
    if (this.#seen === 0) return undefined;
    return { mean: this.#mean, standardDeviation: this.#squares.map((sum) => Math.sqrt(sum / this.#seen)) };
  }
}
