import { DataError, hostTensor, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import type { Dataset, Example } from "../dataset.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { crossValidatedProbabilities } from "./cross-validated-probabilities.ts";
import { dataReportHtml } from "./data-report-html.ts";
import { inspectData } from "./inspect-data.ts";
import { labelNoiseCandidates } from "./label-noise.ts";

/** Two classes that a straight line tells apart: dark and bright noise. */
function shades(count: number, seed: number): { images: Float32Array; labels: Int32Array } {
  const rng = new Rng(seed);
  const images = rng.uniform([count, 4, 4, 1], 0, 0.5).data as Float32Array;
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  for (let i = 0; i < images.length; i++) if (labels[Math.floor(i / 16)] === 1) images[i]! += 0.4;
  return { images, labels };
}
const datasetOf = ({ images, labels }: { images: Float32Array; labels: Int32Array }): Dataset<Example<"images" | "labels">> =>
  arrayDataset(
    { images: hostTensor(images, [labels.length, 4, 4, 1]), labels: hostTensor(labels, [labels.length]) },
    { classNames: ["dark", "<b>bright"] },
  );

describe("inspectData", () => {
  const train = shades(60, 1);
  const test_ = shades(20, 2);
  // Planted: a duplicate, a conflict, a leak, a NaN, a flat image, three wrong labels.
  train.images.copyWithin(2 * 16, 0, 16);
  train.labels[2] = 0;
  train.images.copyWithin(5 * 16, 3 * 16, 4 * 16);
  train.labels[5] = 0;
  test_.images.set(train.images.subarray(7 * 16, 8 * 16), 4 * 16);
  train.images[20 * 16] = Number.NaN;
  train.images.fill(0.2, 22 * 16, 23 * 16);
  for (const wrong of [30, 31, 33]) train.labels[wrong] = 1 - train.labels[wrong]!;
  const splits = { train: datasetOf(train), test: datasetOf(test_) };
  const report = inspectData(splits, { rng: new Rng(3) });
  const [own] = report.splits;

  test("finds what was planted", () => {
    const places = (groups: readonly (readonly { split: string; index: number }[])[]): string[] =>
      groups.map((group) => group.map(({ split, index }) => `${split} ${index}`).join(" = "));
    expect(places(report.duplicates)).toEqual(["train 0 = train 2", "train 3 = train 5"]);
    expect(places(report.conflicts)).toContain("train 3 = train 5");
    expect(places(report.leaks)).toEqual(["train 7 = test 4"]);
    expect(own!.notFinite).toEqual([20]);
    expect(own!.constant).toEqual([22]);
    const doubtful = own!.labelNoise.map(({ index }) => index);
    expect(doubtful).toEqual(expect.arrayContaining([30, 31, 33]));
    expect(doubtful.length).toBeLessThanOrEqual(6);
    expect(own!.labelNoise.find(({ index }) => index === 30)!.suggested).toBe(0);
  });

  test("counts classes, imbalance, forms and channels", () => {
    expect(own!.classCounts!.reduce((a, b) => a + b)).toBe(60);
    expect(report.splits[1]!.imbalance).toBe(1);
    expect(own!.fields).toEqual({ images: ["float32 [4, 4, 1]"], labels: ["int32 []"] });
    const values = Array.from(test_.images);
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(report.splits[1]!.channels!.mean[0]).toBeCloseTo(mean, 6);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(report.splits[1]!.channels!.standardDeviation[0]).toBeCloseTo(deviation, 6);
  });

  test("the page shows it all and lets no name become markup", () => {
    const page = dataReportHtml(report, { splits, title: "<script>" });
    expect(page).toContain("&#60;script&#62;");
    expect(page).not.toMatch(/<script|<b>/);
    expect(page.match(/data:image\/png;base64,/g)!.length).toBeGreaterThan(30);
    expect(page).toContain("In more than one split: 1");
  });

  test.each([
    ["negative", -1, ["dark", "bright"]],
    ["without a name", 2, ["dark", "bright"]],
    ["negative, without names", -1, undefined],
    ["so large that it is no class", 2_000_000_000, undefined],
  ])("a label that is %s is listed, counted as no class and left out of the judging", (_, label, classNames) => {
    const { images, labels } = shades(20, 4);
    labels[7] = label;
    const columns = { images: hostTensor(images, [20, 4, 4, 1]), labels: hostTensor(labels, [20]) };
    // A set of the user's own: arrayDataset would not take such labels.
    const all = { ...arrayDataset(columns), classNames };
    const bad = inspectData({ all }, { rng: new Rng(5) });
    const [split] = bad.splits;
    expect(split!.badLabels).toEqual([{ index: 7, label }]);
    expect(split!.classCounts).toEqual([10, 9]);
    expect(split!.imbalance).toBeCloseTo(10 / 9, 12);
    expect(split!.labelNoise.map(({ index }) => index)).not.toContain(7);
    expect(dataReportHtml(bad, { splits: { all } })).toMatch(new RegExp(`Labels of no class.*example 7: ${label}<`, "s"));
  });

  test("labels that are all bad, and numbers that are no classes, are reported and no error", () => {
    const only = (labels: Int32Array, classNames?: string[]) =>
      inspectData({ all: { ...arrayDataset({ labels: hostTensor(labels, [labels.length]) }), classNames } }, { rng: new Rng(1) })
        .splits[0]!;
    expect(only(new Int32Array(12).fill(-1))).toMatchObject({ classCounts: undefined, imbalance: undefined });
    expect(only(new Int32Array(12).fill(-1), ["a", "b"])).toMatchObject({ classCounts: [0, 0], imbalance: Infinity });
    const numbers = only(Int32Array.from({ length: 100 }, (_, i) => 2 ** 16 - 60 + i));
    expect(numbers.classCounts).toHaveLength(2 ** 16);
    expect(numbers.badLabels).toHaveLength(40);
  });

  test("labels of several numbers are compared whole", () => {
    const images = hostTensor(shades(1, 6).images, [4, 4, 1]);
    const setOf = (...labels: readonly number[][]): Dataset => ({
      length: labels.length,
      get: (i) => ({ images, labels: hostTensor(Float32Array.from(labels[i]!), [labels[i]!.length]) }),
    });
    const conflictsOf = (dataset: Dataset): number => inspectData({ train: dataset }, { rng: new Rng(1) }).conflicts.length;
    expect(conflictsOf(setOf([1, 0, 1], [1, 0, 0]))).toBe(1);
    expect(conflictsOf(setOf([1, 0, 1], [1, 0, 1]))).toBe(0);
  });

  test("each split has its own classes: what differs is said, and labels are compared by name", () => {
    const { images } = shades(3, 6);
    const split = (classNames: string[] | undefined, labels: number[]): Dataset => {
      const columns = { images: hostTensor(images.slice(), [3, 4, 4, 1]), labels: hostTensor(Int32Array.from(labels), [3]) };
      return { ...arrayDataset(columns), classNames };
    };
    const splits = {
      train: split(["bird", "cat", "dog"], [0, 1, 2]),
      test: split(["bird", "dog", "emu"], [0, 2, 1]),
      other: split(["dog", "cat", "bird"], [2, 1, 0]),
      unnamed: split(undefined, [0, 1, 2]),
    };
    const report = inspectData(splits, { rng: new Rng(1) });
    expect(report.classDifferences).toEqual([
      { split: "test", from: "train", missing: ["cat"], added: ["emu"] },
      { split: "other", from: "train", missing: [], added: [] },
    ]);
    expect(report.splits.map(({ classNames }) => classNames?.join())).toEqual(["bird,cat,dog", "bird,dog,emu", "dog,cat,bird", undefined]);
    // Picture 0 is a bird and picture 2 a dog everywhere, under other numbers; picture 1 is a cat, but an emu in the test.
    expect(report.leaks).toHaveLength(3);
    expect(report.conflicts.map(([first]) => first)).toEqual([{ split: "train", index: 1 }]);
    const page = dataReportHtml(report, { splits });
    expect(page).toContain("test has other classes than train: without cat, and with emu");
    expect(page).toContain("other has the classes of train in another order");
    expect(page).toContain("test 1, emu");
    expect(inspectData({ train: splits.train, unnamed: splits.unnamed }, { rng: new Rng(1) }).classDifferences).toEqual([]);
  });

  test("files that were left out are in the report and on the page; of no split, they are an error", () => {
    const all = datasetOf(shades(4, 7));
    const leftOut = [{ path: "cat/<1>.webp", reason: 'expected a PNG, a JPEG or a BMP by its name, got ".webp"' }];
    const found = inspectData({ all }, { rng: new Rng(1), leftOut: { all: leftOut } });
    expect(found.splits[0]!.leftOut).toEqual(leftOut);
    expect(dataReportHtml(found, { splits: { all } })).toMatch(/files left out<\/th><td>1<.*<li>cat\/&#60;1&#62;\.webp: expected a PNG/s);
    expect(() => inspectData({ all }, { rng: new Rng(1), leftOut: { train: [] } })).toThrow(/leftOut to name splits \(all\), got "train"/);
  });

  test("every example is read once, and those that another equals once more", () => {
    const { images, labels } = shades(40, 8);
    images.copyWithin(9 * 16, 4 * 16, 5 * 16);
    const stored = datasetOf({ images, labels });
    const reads = new Int32Array(40);
    // Without a column: labels come with the examples, as a user's own set has them.
    const counting: Dataset = {
      length: 40,
      classNames: stored.classNames,
      get: (index) => {
        reads[index]!++;
        return stored.get(index);
      },
    };
    const counted = inspectData({ counting }, { rng: new Rng(3) });
    expect(counted.splits[0]!.notJudged).toBeUndefined();
    expect(counted.duplicates).toHaveLength(1);
    expect(Array.from(reads)).toEqual(Array.from({ length: 40 }, (_, i) => (i === 4 || i === 9 ? 2 : 1)));
  });

  test("doubtful labels are those of crossValidatedProbabilities on the whole examples", () => {
    const { images, labels } = shades(40, 9);
    for (const wrong of [3, 8]) labels[wrong] = 1 - labels[wrong]!;
    const all = datasetOf({ images, labels });
    const probabilities = crossValidatedProbabilities(all, { rng: new Rng(3).fork("all") });
    expect(inspectData({ all }, { rng: new Rng(3) }).splits[0]!.labelNoise).toEqual(labelNoiseCandidates(labels, probabilities));
  });

  test.each<[string, Dataset, RegExp, { labelNoise?: boolean }?]>([
    ["not asked for", datasetOf(shades(20, 1)), /^not asked for$/, { labelNoise: false }],
    ["fewer than ten", datasetOf(shades(9, 1)), /^9 whole examples with labels, 10 are needed$/],
    ["one class", datasetOf({ images: shades(12, 1).images, labels: new Int32Array(12) }), /^examples of one class only$/],
    ["no labels", arrayDataset({ images: hostTensor(new Float32Array(12), [12, 1, 1, 1]) }), /^no whole example has a label of a class$/],
    [
      "no images, but numbers",
      arrayDataset({
        age: hostTensor(new Float32Array(12), [12]),
        labels: hostTensor(
          Int32Array.from({ length: 12 }, (_, i) => i % 2),
          [12],
        ),
      }),
      /^no images in the field images$/,
    ],
    [
      "several sizes",
      {
        length: 12,
        get: (i) => ({
          images: hostTensor(new Float32Array(4 + (i % 2)), [1, 4 + (i % 2), 1]),
          labels: hostTensor(Int32Array.of(i % 2), []),
        }),
      },
      /^images of more than one size$/,
    ],
  ])("%s: doubtful labels were not looked for, and the report says why", (_, all, reason, options = {}) => {
    const report = inspectData({ all }, { rng: new Rng(1), ...options });
    expect(report.splits[0]!.labelNoise).toEqual([]);
    expect(report.splits[0]!.notJudged).toMatch(reason);
    expect(dataReportHtml(report, { splits: { all } })).toContain(`doubtful labels</th><td>not looked for: ${report.splits[0]!.notJudged}`);
  });

  test("examples that cannot be read are listed, sets without labels or images are inspected too", () => {
    const broken: Dataset<Example<"x">> = {
      length: 3,
      get: (i) => {
        if (i === 1) throw new DataError("file 1 is cut off");
        return { x: hostTensor(Float32Array.of(i), [1]) };
      },
    };
    const [split] = inspectData({ all: broken }, { rng: new Rng(1) }).splits;
    expect(split!.damaged).toEqual([{ index: 1, reason: "file 1 is cut off" }]);
    expect(split!.classCounts).toBeUndefined();
    expect(dataReportHtml(inspectData({ all: broken }, { rng: new Rng(1) }), { splits: { all: broken } })).toContain("file 1 is cut off");
  });
});

test("labelNoiseCandidates by hand: only where the model is as sure as it usually is of that class", () => {
  // Class 0 is known with 0.8 on average over its three examples, class 1 with 0.7.
  const probabilities = hostTensor(Float64Array.of(0.9, 0.1, 0.9, 0.1, 0.6, 0.4, 0.1, 0.9, 0.5, 0.5), [5, 2]);
  expect(labelNoiseCandidates(Int32Array.of(0, 0, 0, 1, 1), probabilities)).toEqual([]);
  const [candidate] = labelNoiseCandidates(Int32Array.of(1, 0, 0, 1, 1), probabilities);
  expect(candidate).toEqual({ index: 0, label: 1, suggested: 0, ownProbability: 0.1, suggestedProbability: 0.9 });
  expect(() => labelNoiseCandidates(Int32Array.of(2), hostTensor(new Float32Array(2), [1, 2]))).toThrow(DataError);
});
