/** dl score: a folder of generated images against a folder of real ones. */

import { resolve } from "node:path";
import { DataError, type HostTensor, Rng } from "@dl/core";
import { type Estimate, extractFeatures, type GeneratedScores, type ImageScores, scoreGenerated } from "@dl/gan";
import { type ExtractorData, openExtractor, trainedExtractor } from "@dl/gan/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, text, UsageError, wholeNumber } from "../command.ts";
import { readImages } from "../image-files.ts";
import { Interrupt } from "../interrupt.ts";

const extractors: readonly ExtractorData[] = ["mnist", "fashion-mnist"];

/** An extractor takes images of any size, and sees other things in each. */
function checkSize(folder: string, { shape: [, height, width] }: HostTensor, { shape: [, ...wanted] }: HostTensor): void {
  if (height === wanted[0] && width === wanted[1]) return;
  throw new DataError(
    `${folder}: expected images of ${wanted[1]}×${wanted[0]} pixels, as the real ones are, got ${width}×${height}. Resize them first.`,
  );
}

/** A line a score: of the generated images, and of real ones. */
function linesOf(scores: GeneratedScores): string[] {
  const { floor, coverage } = scores;
  const rows: readonly (readonly [string, keyof ImageScores, number])[] = [
    ["Fréchet distance", "frechet", 3],
    ["kernel distance", "kernel", 5],
    ["Inception Score", "inceptionScore", 3],
    ["precision", "precision", 3],
    ["recall", "recall", 3],
    ["classes covered", "classesCovered", 0],
    ["confidence", "confidence", 3],
  ];
  const told = ({ value, low, high }: Estimate, digits: number): string =>
    low === undefined || high === undefined
      ? value.toFixed(digits)
      : `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
  const sure = scores.bootstraps === 0 ? "" : " (95 %)";
  return [
    ["measured with", scores.extractor],
    ["images", `${scores.generatedCount} generated, ${scores.realCount} real; beside them ${floor.count} real ones against ${floor.count}`],
    ["", `${`generated${sure}`.padEnd(30)} other real${sure}`],
    ...rows.map(([title, name, digits]) => [title, `${told(scores[name], digits).padEnd(30)} ${told(floor[name], digits)}`] as const),
    ["", `the Fréchet distance over ${floor.count} images is ${scores.ratio.toFixed(2)} times that of real ones`],
    ...(coverage.missing.length > 0 ? [["classes missing", coverage.missing.join(", ")] as const] : []),
  ].map(([what, value]) => `${what!.padEnd(18)} ${value}`);
}

export const score: Command = {
  name: "score",
  summary: "Measure a folder of generated images against a folder of real ones.",
  positionals: "<generated folder> <real folder>",
  details:
    "Fréchet and kernel distance, Inception Score, precision, recall and the classes covered, in the features of a classifier that is named beside them: each with a 95 % interval by bootstrap, and beside it what other real images get. Those are the second half of the real ones, or of --other-real.",
  options: {
    extractor: {
      value: "NAME",
      help: `Which classifier looks: ${extractors.join(", ")}, or a file: .safetensors of a run of features-mnist and its kin, or Inception-v3's weights as .safetensors or .pth, with PyTorch's names. Default mnist.`,
    },
    "other-real": { value: "FOLDER", help: "Other real images. Default: the real folder is taken in two halves." },
    bootstraps: {
      value: "N",
      help: "Resamplings behind the intervals; 0 for none, which saves most of the time with Inception. Default 30.",
    },
    seed: { value: "N", help: "Draws halves, subsets and bootstrap samples. Default 1." },
    ...deviceOptions,
  },
  async run(args) {
    const [generatedFolder, realFolder] = args.positionals;
    if (generatedFolder === undefined || realFolder === undefined) {
      throw new UsageError("expected a folder of generated images and a folder of real ones.");
    }
    const name = text(args, "extractor") ?? "mnist";
    const seed = wholeNumber(args, "seed", { least: 0, otherwise: 1 });
    const bootstraps = text(args, "bootstraps") === "0" ? 0 : wholeNumber(args, "bootstraps", { least: 10, otherwise: 30 });
    const otherFolder = text(args, "other-real");
    if (otherFolder !== undefined && resolve(otherFolder) === resolve(realFolder)) {
      throw new UsageError(
        `--other-real: expected other images than the real ones, got the same folder, ${otherFolder}: their distance is 0.`,
      );
    }
    const isShipped = (candidate: string): candidate is ExtractorData => (extractors as readonly string[]).includes(candidate);
    if (!isShipped(name) && !/\.(safetensors|pth|pt)$/.test(name)) {
      throw new UsageError(
        `--extractor: expected ${extractors.join(", ")} or a .safetensors file (or Inception's .pth), got ${JSON.stringify(name)}.`,
      );
    }
    await using device = await openNamedDevice(deviceSettings(args));
    using interrupt = new Interrupt();
    const { signal } = interrupt;
    using extractor = isShipped(name) ? await trainedExtractor(name) : await openExtractor(name);
    try {
      const channels = extractor.network.channels as 1 | 3; // Inception sees grey as colour.
      const realImages = await readImages(realFolder, { channels });
      const see = async (folder: string) => {
        const images = folder === realFolder ? realImages : await readImages(folder, { channels });
        checkSize(folder, images, realImages);
        return extractFeatures(images, { device, extractor, signal });
      };
      const [generated, real] = [await see(generatedFolder), await see(realFolder)];
      const otherReal = otherFolder === undefined ? undefined : await see(otherFolder);
      const scores = await scoreGenerated({ generated, real, ...(otherReal && { otherReal }), bootstraps, rng: new Rng(seed), signal });
      if (args.values.json) console.log(JSON.stringify({ device: device.name, ...scores }));
      else for (const line of linesOf(scores)) console.log(line);
      return 0;
    } catch (error) {
      return interrupt.codeFor(error);
    }
  },
};
