import { DataError, type HostTensor, hostTensor, OptionError, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import type { Dataset, Example } from "../dataset.ts";
import { cleanSplits, type RemovalReason } from "./clean-splits.ts";
import { inspectData } from "./inspect-data.ts";

type Labelled = Example<"images" | "labels">;

const rng = new Rng(6);
/** A picture of its own for each seed. */
const picture = (seed: number): HostTensor => rng.fork(`picture ${seed}`).uniform([2, 2, 1]);
const of = (images: HostTensor, label: number): Labelled => ({ images, labels: hostTensor(Int32Array.of(label), []) });
const broken: "broken" = "broken";

function setOf(examples: readonly (Labelled | typeof broken)[]): Dataset<Labelled> {
  const get = (index: number): Labelled => {
    const example = examples[index]!;
    if (example === broken) throw new DataError(`image ${index}: expected a PNG, got none.`);
    return example;
  };
  return { length: examples.length, classNames: ["cat", "dog"], get };
}

const nan = hostTensor(Float32Array.of(0, Number.NaN, 1, 2), [2, 2, 1]);
const flat = hostTensor(Float32Array.of(3, 3, 3, 3), [2, 2, 1]);
const train = setOf([
  ...[of(picture(0), 0), broken, of(nan, 1), of(picture(1), 7)],
  // The same under two labels; twice the same; one that the test set has.
  ...[of(picture(2), 0), of(picture(2), 1), of(picture(3), 1), of(picture(3), 1), of(picture(4), 0), of(flat, 0)],
]);
const test_ = setOf([of(picture(4), 0), of(picture(5), 1), of(picture(5), 1)]);
const splits = { train, test: test_ };
const report = inspectData(splits, { rng });

describe("cleaning", () => {
  test("leaves out what is at fault, says why, and keeps the test set's own", () => {
    const { splits: clean, removed } = cleanSplits(splits, report);
    expect(removed.map(({ split, index, reason }) => `${split} ${index} ${reason}`)).toEqual([
      ...["train 1 damaged", "train 2 notFinite", "train 3 badLabel", "train 4 conflict", "train 5 conflict", "train 7 duplicate"],
      ...["train 8 leak", "test 2 duplicate"],
    ]);
    expect(clean.train.length).toBe(3);
    expect([0, 1, 2].map((index) => clean.train.get(index).images)).toEqual([picture(0), picture(3), flat]);
    expect(clean.test.length).toBe(2);
    expect(clean.train.classNames).toEqual(["cat", "dog"]);
  });

  test("what was cleaned has nothing left to clean", () => {
    const { splits: clean } = cleanSplits(splits, report);
    const again = inspectData(clean, { rng });
    expect([again.duplicates, again.leaks, again.conflicts]).toEqual([[], [], []]);
    expect(cleanSplits(clean, again).removed).toEqual([]);
  });

  test("removes what is asked for and nothing else", () => {
    const only = cleanSplits(splits, report, { remove: ["constant", "leak"] }).removed;
    expect(only).toEqual([
      { split: "train", index: 8, reason: "leak" },
      { split: "train", index: 9, reason: "constant" },
    ]);
    expect(cleanSplits(splits, report, { remove: [] }).splits.train.length).toBe(train.length);
    const doubted = { ...report, splits: report.splits.map((split) => ({ ...split, labelNoise: [{ index: 0 } as never] })) };
    expect(cleanSplits(splits, doubted, { remove: ["doubtful"] }).removed.map(({ split, index }) => [split, index])).toEqual([
      ["train", 0],
      ["test", 0],
    ]);
  });

  test("of examples alike one stays, where another reason takes the first of them, or that of the last split", () => {
    const removed = (found: Readonly<Record<string, object>>, remove: readonly RemovalReason[]): string[] => {
      const own = { ...report, splits: report.splits.map((split) => ({ ...split, badLabels: [], ...found[split.name] })) };
      return cleanSplits(splits, own, { remove }).removed.map(({ split, index, reason }) => `${split} ${index} ${reason}`);
    };
    const duplicates = removed({ train: { labelNoise: [{ index: 6 }] } }, ["duplicate", "doubtful"]);
    expect(duplicates).toEqual(["train 5 duplicate", "train 6 duplicate", "test 2 duplicate"]);
    expect(removed({ test: { badLabels: [{ index: 0, label: 9 }] } }, ["badLabel", "leak"])).toEqual(["test 0 badLabel"]);
  });

  test("the report of another data set, and reasons that are none, are refused", () => {
    expect(() => cleanSplits({ train: test_, test: test_ }, report)).toThrow(DataError);
    expect(() => cleanSplits({ train }, report)).toThrow(/expected the report of train \(10\), got that of train \(10\), test \(3\)/);
    expect(() => cleanSplits(splits, report, { remove: ["ugly" as never] })).toThrow(OptionError);
  });
});
