/** What is wrong with a data set, if anything: each split for itself, duplicates, leaks between splits, classes that do not agree. */

import { DataError, type HostTensor, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { contentHash, sameContent } from "./content-hash.ts";
import { inspectSplit, type LeftOutFile, type SplitReport } from "./inspect-split.ts";

export interface InspectDataOptions {
  rng: Rng;
  /** Default `"labels"`; a set without such a field is inspected without classes. */
  labelField?: string | undefined;
  /** Default `"images"`; channel statistics and doubtful labels need it. */
  imageField?: string | undefined;
  /**
   * Looks for doubtful labels, which takes the longest: where images have one size, ten or more are whole, and their number times that of
   * the classes is at most 2²⁷, the memory that judging takes. Default `true`.
   */
  labelNoise?: boolean | undefined;
  /** Files that are no examples, by split, for the report: `{ train: folder.skipped }` of `lazyImageFolder`. Default none. */
  leftOut?: Readonly<Record<string, readonly LeftOutFile[]>> | undefined;
}

/** An example of a split. */
export interface ExamplePlace {
  readonly split: string;
  readonly index: number;
}

/** A split that names other classes than the first that names any; where nothing is missing or added, the order is another. */
export interface ClassDifference {
  readonly split: string;
  /** The first split that names its classes. */
  readonly from: string;
  /** Classes that only `from` has. */
  readonly missing: readonly string[];
  /** Classes that only `split` has. */
  readonly added: readonly string[];
}

export interface DataReport {
  /** Those of the first split that names its own; each split's are in `splits`. */
  readonly classNames: readonly string[] | undefined;
  /** Empty where a label's number means the same class in every split. */
  readonly classDifferences: readonly ClassDifference[];
  readonly splits: readonly SplitReport[];
  /** Groups of examples that are the same but for their labels, within a split. */
  readonly duplicates: readonly (readonly ExamplePlace[])[];
  /** Groups that are in more than one split: what a test would measure by heart. */
  readonly leaks: readonly (readonly ExamplePlace[])[];
  /** Groups of the same content under different labels: of different names where classes have names, else numbers, or all the numbers of a label of several. */
  readonly conflicts: readonly (readonly ExamplePlace[])[];
}

/**
 * Reads every example of every split once, and those whose fingerprint another has too a second time, to compare them. Of each example it
 * keeps a fingerprint, and for doubtful labels 8 × 8 averaged pixels.
 *
 * @example no-run
 * const report = inspectData({ train, test }, { rng: rng.fork("inspect") });
 * report.leaks.length; // pictures of the test set that are in the training set
 */
export function inspectData(splits: Readonly<Record<string, Dataset>>, options: InspectDataOptions): DataReport {
  const { rng, labelField = "labels", imageField = "images", labelNoise = true, leftOut = {} } = options;
  const names = Object.keys(splits);
  if (names.length === 0) throw new DataError("inspectData: expected at least one split, got none.");
  for (const split of Object.keys(leftOut)) {
    if (!names.includes(split))
      throw new DataError(`inspectData: expected leftOut to name splits (${names.join(", ")}), got ${JSON.stringify(split)}.`);
  }
  const groups = new Map<string, Labelled[]>();
  const skip = [labelField];
  const reports = names.map((name) =>
    inspectSplit(splits[name]!, {
      ...{ name, rng, labelField, imageField, labelNoise, leftOut: leftOut[name] ?? [] },
      onExample: (example, index) => {
        const key = contentHash(example, { skip });
        const seen = { place: { split: name, index }, label: labelOf(example[labelField]) };
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [seen]);
        else group.push(seen);
      },
    }),
  );
  const classNames = reports.find((split) => split.classNames !== undefined)?.classNames;
  const nameOf = ({ place, label }: Labelled): string | undefined =>
    typeof label === "number" ? ((splits[place.split]!.classNames ?? classNames)?.[label] ?? String(label)) : label;
  const read = ({ place }: Labelled): Example => splits[place.split]!.get(place.index);
  const same = [...groups.values()].flatMap((group) =>
    group.length < 2 ? [] : trulySame(group, { read, same: (a, b) => sameContent(a, b, { skip }) }),
  );
  const placesWhere = (isSuch: (group: readonly Labelled[]) => boolean): ExamplePlace[][] =>
    same.filter(isSuch).map((group) => group.map(({ place }) => place));
  return {
    classNames,
    classDifferences: classDifferences(reports),
    splits: reports,
    duplicates: placesWhere((group) => new Set(group.map(({ place }) => place.split)).size < group.length),
    leaks: placesWhere((group) => new Set(group.map(({ place }) => place.split)).size > 1),
    conflicts: placesWhere((group) => new Set(group.map(nameOf)).size > 1),
  };
}

interface Labelled {
  readonly place: ExamplePlace;
  /** A fingerprint where it is not one number: several classes at once, a mask. */
  readonly label: number | string | undefined;
}

function labelOf(field: HostTensor | undefined): Labelled["label"] {
  return field === undefined || field.data.length === 1 ? field?.data[0] : contentHash({ field });
}

/** A group of one fingerprint, parted where contents differ after all; each is read once. */
function trulySame(
  group: readonly Labelled[],
  { read, same }: { read: (seen: Labelled) => Example; same: (a: Example, b: Example) => boolean },
): Labelled[][] {
  const parts: { example: Example; members: Labelled[] }[] = [];
  for (const seen of group) {
    const example = read(seen);
    const part = parts.find((part) => same(part.example, example));
    if (part === undefined) parts.push({ example, members: [seen] });
    else part.members.push(seen);
  }
  return parts.map(({ members }) => members).filter((members) => members.length > 1);
}

function classDifferences(splits: readonly SplitReport[]): ClassDifference[] {
  const [first, ...others] = splits.flatMap(({ name, classNames }) => (classNames === undefined ? [] : [{ name, classNames }]));
  return others.flatMap(({ name, classNames }) => {
    const known = first!.classNames;
    if (known.length === classNames.length && known.every((each, i) => each === classNames[i])) return [];
    const missing = known.filter((each) => !classNames.includes(each));
    return [{ split: name, from: first!.name, missing, added: classNames.filter((each) => !known.includes(each)) }];
  });
}
