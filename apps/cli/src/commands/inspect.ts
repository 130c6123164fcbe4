/** dl inspect data: what is wrong with a data set, if anything. */

import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, Rng } from "@dl/core";
import {
  type DataReport,
  type Dataset,
  dataReportHtml,
  describeClassDifference,
  describeDoubtful,
  inspectData,
  type LeftOutFile,
  type SplitReport,
  take,
} from "@dl/data";
import { cifar10, fashionMnist, lazyImageFolder, mnist } from "@dl/data/node";
import { type Arguments, type Command, text, UsageError, wholeNumber } from "../command.ts";
import { showDownload } from "../session.ts";
import { splitFolders } from "../split-folders.ts";
import { isTable, openTables, tableEndings } from "../table-data.ts";

const builtIn = { mnist, "fashion-mnist": fashionMnist, cifar10 } as const;

interface OpenedSplits {
  readonly splits: Record<string, Dataset>;
  /** Files of a folder that are no images, by split. */
  readonly leftOut: Record<string, readonly LeftOutFile[]>;
}

/** The splits of a built-in set, or a folder of images: one split, or one a subfolder named as `splitFolders` knows. */
async function openSplits(names: readonly string[], args: Arguments): Promise<OpenedSplits> {
  const label = text(args, "label");
  if (names.every(isTable)) {
    const limit = args.values.limit === undefined ? undefined : wholeNumber(args, "limit", { least: 1, otherwise: 1 });
    return { splits: await openTables(names, { label, limit }), leftOut: {} };
  }
  const [name, ...others] = names as [string, ...string[]];
  if (others.length > 0)
    throw new UsageError(`expected one data set or folder, or tables (${tableEndings.join(", ")}), got ${names.join(" ")}.`);
  if (label !== undefined)
    throw new UsageError(`--label: expected a table (${tableEndings.join(", ")}), got ${name}, whose labels are known.`);
  if (Object.hasOwn(builtIn, name)) {
    const load = builtIn[name as keyof typeof builtIn];
    return {
      splits: {
        train: await load({ split: "train", onProgress: showDownload }),
        test: await load({ split: "test", onProgress: showDownload }),
      },
      leftOut: {},
    };
  }
  const isFolder = await stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new UsageError(
      `expected a data set (${Object.keys(builtIn).join(", ")}), a folder of images or a table (${tableEndings.join(", ")}), got ${JSON.stringify(name)}.`,
    );
  const size = wholeNumber(args, "size", { least: 1, most: 4096, otherwise: 64 });
  const folders = await splitFolders(name);
  const opened: OpenedSplits = { splits: {}, leftOut: {} };
  const open = async (split: string, folder: string): Promise<void> => {
    const images = await lazyImageFolder(folder, { width: size, height: size });
    opened.splits[split] = images;
    opened.leftOut[split] = images.skipped;
  };
  if (folders === undefined) await open("all", name);
  else for (const split of Object.values(folders)) await open(split, join(name, split));
  return opened;
}

function describeSplit(split: SplitReport, shared: readonly string[] | undefined): string {
  const classNames = split.classNames ?? shared;
  const lines = [`${split.name}: ${split.examples} examples`];
  for (const [field, forms] of Object.entries(split.fields)) lines.push(`  ${field}: ${forms.slice(0, 3).join(", ")}`);
  if (split.classCounts !== undefined) {
    const counts = split.classCounts.map((count, label) => `${classNames?.[label] ?? label} ${count}`);
    lines.push(`  classes: ${counts.join(", ")}`, `  largest class over smallest: ${split.imbalance!.toFixed(2)}`);
  }
  if (split.channels !== undefined) {
    const numbers = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(", ");
    lines.push(`  channel means ${numbers(split.channels.mean)}, deviations ${numbers(split.channels.standardDeviation)}`);
  }
  lines.push(
    `  damaged ${split.damaged.length}, with NaN or infinity ${split.notFinite.length}, of one value ${split.constant.length}, labels of no class ${split.badLabels.length}, doubtful labels ${describeDoubtful(split)}`,
  );
  if (split.leftOut.length > 0) lines.push(`  files left out ${split.leftOut.length}`);
  for (const { path, reason } of split.leftOut.slice(0, 5)) lines.push(`    ${path}: ${reason}`);
  for (const { reason } of split.damaged.slice(0, 5)) lines.push(`    ${reason}`);
  for (const { index, label } of split.badLabels.slice(0, 5)) lines.push(`    example ${index}: label ${label}`);
  return lines.join("\n");
}

function describe(report: DataReport): string {
  return [
    ...report.splits.map((split) => describeSplit(split, report.classNames)),
    ...report.classDifferences.map(describeClassDifference),
    `in more than one split: ${report.leaks.length}; duplicates within a split: ${report.duplicates.length}; same content, different labels: ${report.conflicts.length}`,
  ].join("\n");
}

export const inspect: Command = {
  name: "inspect",
  summary: "Check a data set: damage, imbalance, duplicates, leaks between splits, doubtful labels.",
  positionals: "data <set, folder or tables> …",
  details: [
    "A set is mnist, fashion-mnist or cifar10; a folder has one subfolder a class, or such folders in train/, validation/ (or val/, valid/) and test/.",
    `A table ends in ${tableEndings.join(", ")}; several are splits of one set, named after their files. A missing cell counts as NaN, a missing label as one`,
    "of no class; doubtful labels are not looked for.",
    "Where splits have other classes, that is said, and labels are compared by name. Files of a folder that are no PNG, JPEG or BMP are left out and listed.",
    "Doubtful labels come from a small model that is cross-validated on the images averaged down to 8 × 8.",
  ].join("\n"),
  options: {
    html: { value: "FILE", help: "Write a report with pictures." },
    limit: { value: "N", help: "Look at the first N examples of each split only." },
    label: { value: "COLUMN", help: "Of tables: what holds the class." },
    size: { value: "PIXELS", help: "Width and height that images of a folder are brought to. Default 64." },
    seed: { value: "N", help: "Of the cross-validation. Default 1." },
    "no-label-noise": { help: "Do not look for doubtful labels, which takes the longest." },
    json: { help: "End with one line of JSON on stdout, and nothing else there." },
  },
  async run(args) {
    const [what, ...names] = args.positionals;
    if (what !== "data" || names.length === 0) throw new UsageError("expected: dl inspect data <set, folder or tables>.");
    const limit = args.values.limit === undefined ? undefined : wholeNumber(args, "limit", { least: 1, otherwise: 1 });
    const { splits: whole, leftOut } = await openSplits(names, args);
    const splits = Object.fromEntries(
      Object.entries(whole).map(([split, dataset]) => [split, limit === undefined ? dataset : take(dataset, limit)]),
    );
    const rng = new Rng(wholeNumber(args, "seed", { least: 0, otherwise: 1 }));
    const labelField = text(args, "label");
    const labelNoise = args.values["no-label-noise"] !== true;
    const report = inspectData(splits, { rng: rng.fork("inspect"), labelField, labelNoise, leftOut });
    const { html } = args.values;
    if (typeof html === "string") {
      await writeFile(html, dataReportHtml(report, { splits, title: names.join(", "), labelField })).catch((error: Error) => {
        throw new DataError(`${html}: expected a place to write the report, got ${error.message}.`);
      });
    }
    if (args.values.json) console.log(JSON.stringify(report));
    else console.log(describe(report) + (typeof html === "string" ? `\nreport: ${html}` : ""));
    return 0;
  },
};
