/** dl compress: makes a trained model smaller, into a run folder of its own. */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { formatCompression, renderCompression } from "@dl/compress";
import { RunFolder } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { loadClassifier } from "../classifier.ts";
import {
  type Arguments,
  type Command,
  deviceOptions,
  deviceSettings,
  positiveNumber,
  runFolder,
  text,
  UsageError,
  wholeNumber,
} from "../command.ts";
import { type CompressionPlan, compressModel } from "../compression.ts";
import { Interrupt } from "../interrupt.ts";
import { compressionName, modelName, runFileName } from "../run.ts";
import { formatRunFile, readRunFile } from "../run-file.ts";
import { modelFile } from "../run-files.ts";
import { describeDevice } from "../session.ts";

/** The value of an option that is a share: above 0 and below 1, or up to it. */
function share(args: Arguments, name: string, { most = "below 1" }: { most?: "below 1" | "1" } = {}): number | undefined {
  const value = positiveNumber(args, name);
  if (value === undefined || value < 1 || (most === "1" && value === 1)) return value;
  throw new UsageError(`--${name}: expected a share above 0 and ${most === "1" ? "up to 1" : most}, got ${text(args, name)}.`);
}

function planOf(args: Arguments): CompressionPlan {
  const quantise = text(args, "quantise");
  if (quantise !== undefined && quantise !== "int8" && quantise !== "int4") {
    throw new UsageError(`--quantise: expected int8 or int4, got ${JSON.stringify(quantise)}.`);
  }
  const plan = {
    channels: share(args, "channels"),
    energy: share(args, "low-rank", { most: "1" }),
    sparsity: share(args, "prune"),
    quantise,
    epochs: wholeNumber(args, "epochs", { least: 0, otherwise: 2 }),
    learningRate: positiveNumber(args, "learning-rate") ?? 5e-4,
  } as const;
  if ([plan.channels, plan.energy, plan.sparsity, plan.quantise].every((each) => each === undefined)) {
    throw new UsageError("expected --prune, --channels, --low-rank or --quantise, got none of them.");
  }
  return plan;
}

export const compress: Command = {
  name: "compress",
  summary: "Make a trained model smaller: prune, remove channels, factor, round.",
  positionals: "<run folder>",
  details:
    "Several can be asked for at once: channels go first, then layers are factored, then weights are pruned while training goes on, and rounding is last: a rounded run is not compressed further.\nThe new folder is a run that evaluate, predict, explain, serve and export take; report.html compares it with the old one.",
  options: {
    run: { value: "DIR", help: "The run folder, instead of the first word." },
    prune: { value: "SHARE", help: "Set so many of the weights to 0, by magnitude, gradually: 0.9." },
    channels: { value: "SHARE", help: "Remove so many of the channels: 0.5." },
    "low-rank": { value: "ENERGY", help: "Factor layers, keeping that share of their squared singular values: 0.95." },
    quantise: { value: "NAME", help: "int8: weights and inputs of layers. int4: weights, in groups of 32." },
    epochs: { value: "N", help: "Training after layers changed, and while pruning. Default 2; none for rounding alone." },
    "learning-rate": { value: "RATE", help: "Of that training, along a cosine. Default 5e-4." },
    out: { value: "DIR", help: "The new run folder. Default: runs/<recipe>-small-<n>." },
    ...deviceOptions,
  },
  async run(args) {
    const path = runFolder(args);
    const plan = planOf(args);
    const run = await readRunFile(path);
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    const classifier = await loadClassifier(run, path);
    using _model = classifier.model;
    if (classifier.rounding !== undefined) {
      throw new UsageError(
        `expected a run whose model is not rounded yet, got ${path}: rounding comes last. Compress the run it was made from, asking for all at once.`,
      );
    }
    using interrupt = new Interrupt();
    const { signal } = interrupt;
    try {
      console.error(`compressing ${path} on ${describeDevice(device)}`);
      const { size } = await stat(await modelFile(path));
      const out = text(args, "out");
      // Before the work: a folder that holds something is found at once.
      await using folder = out === undefined ? await RunFolder.next("runs", `${run.recipe.name}-small`) : await RunFolder.open(out);
      const { report, file: bytes, steps } = await compressModel(classifier, { plan, device, signal, bytes: size, ...run.settings });
      const title = `${run.recipe.title}, smaller`;
      const summary = [
        { name: "from", value: path },
        { name: "steps", value: steps.join("; ") },
        { name: "device", value: device.name },
        { name: "Node.js", value: process.version },
      ];
      const page = renderCompression({ ...report, title, subtitle: `${steps.join("; ")}.`, summary });
      await folder.write("report.html", page);
      await folder.write(compressionName, `${JSON.stringify({ from: path, steps, ...report }, null, 2)}\n`);
      for (const name of classifier.beside ?? []) await folder.write(name, await readFile(join(path, name)));
      await folder.write(runFileName, formatRunFile(run));
      await folder.write(modelName, bytes);
      if (args.values.json) {
        const names = { recipe: run.recipe.name, preset: run.preset.name, backend: settings.backend, device: device.name };
        const { layers: _before, ...before } = report.before;
        const { layers: _after, ...after } = report.after;
        const files = { folder: folder.path, model: folder.file(modelName), report: folder.file("report.html") };
        console.log(JSON.stringify({ ...names, steps, before, after, files }));
      } else {
        console.log(`${formatCompression({ ...report, title })}\n${steps.join("\n")}\nrun folder: ${folder.path}`);
      }
      return 0;
    } catch (error) {
      return interrupt.codeFor(error);
    }
  },
};
