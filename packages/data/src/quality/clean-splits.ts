/** A data set without what its report found wrong. */

import { DataError, OptionError } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { subset } from "../datasets/subset.ts";
import type { DataReport, ExamplePlace } from "./inspect-data.ts";
import type { SplitReport } from "./inspect-split.ts";

/** Why an example goes. `conflict`: the same content under another label too; `doubtful`: the label, by cross-validated confidence. */
export type RemovalReason = "damaged" | "notFinite" | "badLabel" | "conflict" | "leak" | "duplicate" | "constant" | "doubtful";

export interface CleanOptions {
  /** What goes. Default all but `constant` and `doubtful`: those are worth a look first. */
  remove?: readonly RemovalReason[];
}

export interface RemovedExample extends ExamplePlace {
  readonly reason: RemovalReason;
}

const reasons: readonly RemovalReason[] = ["damaged", "notFinite", "badLabel", "conflict", "leak", "duplicate", "constant", "doubtful"];
const without: readonly RemovalReason[] = ["constant", "doubtful"];

/**
 * The same splits without the examples at fault, and what was left out, each with the first reason in the order above. Nothing is copied.
 *
 * Of duplicates the first stays that nothing else speaks against. Of examples in several splits those of the last split stay, so give the
 * test set last: its measure remains what it was, and training no longer knows it. Of a conflict all go: nobody knows which label is right.
 *
 * @param report  Of these splits, by `inspectData`
 * @throws DataError for the report of another data set, OptionError for reasons that are none.
 * @example no-run
 * const report = inspectData({ train, test }, { rng });
 * const { splits, removed } = cleanSplits({ train, test }, report);
 * splits.train.length; // fewer by those of `removed` with split "train"
 */
export function cleanSplits<S extends Readonly<Record<string, Dataset>>>(
  splits: S,
  report: DataReport,
  { remove = reasons.filter((reason) => !without.includes(reason)) }: CleanOptions = {},
): { splits: { [Name in keyof S]: Dataset<S[Name] extends Dataset<infer E> ? E : Example> }; removed: RemovedExample[] } {
  const names = Object.keys(splits);
  const own = names.map((name) => `${name} (${splits[name]!.length})`).join(", ");
  const reported = report.splits.map(({ name, examples }) => `${name} (${examples})`).join(", ");
  if (own !== reported) throw new DataError(`cleanSplits: expected the report of ${own}, got that of ${reported}. Inspect these splits.`);
  for (const reason of remove) {
    if (!reasons.includes(reason))
      throw new OptionError(`cleanSplits: expected reasons of ${reasons.join(", ")}, got ${JSON.stringify(reason)}.`);
  }
  const asked = reasons.filter((each) => remove.includes(each));
  // What goes whatever else is like it: of leaks and duplicates another one stays.
  const alone = new Set(
    asked.filter((each) => each !== "leak" && each !== "duplicate").flatMap((each) => placesOf(each, report, { names }).map(keyOf)),
  );
  const gone = new Map(names.map((name) => [name, new Map<number, RemovalReason>()]));
  for (const reason of asked) {
    for (const { split, index } of placesOf(reason, report, { names, alone })) {
      const known = gone.get(split)!;
      if (!known.has(index)) known.set(index, reason);
    }
  }
  const kept = (name: string): Dataset => {
    const known = gone.get(name)!;
    const dataset = splits[name]!;
    return subset(
      dataset,
      Array.from({ length: dataset.length }, (_, index) => index).filter((index) => !known.has(index)),
    );
  };
  const inOrder = (entries: Iterable<[number, RemovalReason]>): [number, RemovalReason][] => [...entries].sort(([a], [b]) => a - b);
  return {
    splits: Object.fromEntries(names.map((name) => [name, kept(name)])) as never,
    removed: names.flatMap((split) => inOrder(gone.get(split)!).map(([index, reason]) => ({ split, index, reason }))),
  };
}

function keyOf({ split, index }: ExamplePlace): string {
  return `${index} ${split}`;
}

function placesOf(
  reason: RemovalReason,
  report: DataReport,
  { names, alone = new Set() }: { names: readonly string[]; alone?: ReadonlySet<string> },
): ExamplePlace[] {
  const each = (indices: (split: SplitReport) => readonly number[]): ExamplePlace[] =>
    report.splits.flatMap((split) => indices(split).map((index) => ({ split: split.name, index })));
  /** Of a group, those that may stay; all where none may, so that one is still told from the others. */
  const staying = (group: readonly ExamplePlace[]): readonly ExamplePlace[] => {
    const some = group.filter((place) => !alone.has(keyOf(place)));
    return some.length > 0 ? some : group;
  };
  const indexOf = ({ index }: { readonly index: number }): number => index;
  switch (reason) {
    case "damaged":
      return each(({ damaged }) => damaged.map(indexOf));
    case "notFinite":
      return each(({ notFinite }) => notFinite);
    case "badLabel":
      return each(({ badLabels }) => badLabels.map(indexOf));
    case "constant":
      return each(({ constant }) => constant);
    case "doubtful":
      return each(({ labelNoise }) => labelNoise.map(indexOf));
    case "conflict":
      return report.conflicts.flat();
    case "leak":
      return report.leaks.flatMap((group) => {
        const last = staying(group).reduce((latest, { split }) => Math.max(latest, names.indexOf(split)), 0);
        return group.filter(({ split }) => split !== names[last]);
      });
    case "duplicate":
      return report.duplicates.flatMap((group) =>
        names.flatMap((name) => {
          const own = group.filter(({ split }) => split === name);
          const kept = staying(own)[0];
          return own.filter((place) => place !== kept);
        }),
      );
  }
}
