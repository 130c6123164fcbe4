/** dl score: a folder of generated images against a folder of real ones. */

import { Rng } from "@dl/core";
import { extractFeatures, scoreGenerated } from "@dl/gan";
import { type ExtractorData, extractorFrom, trainedExtractor } from "@dl/gan/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, text, UsageError, wholeNumber } from "../command.ts";
import { readImages } from "../image-files.ts";
import { Interrupt } from "../interrupt.ts";

const extractors: readonly ExtractorData[] = ["mnist", "fashion-mnist"];

export const score: Command = {
  name: "score",
  summary: "Measure a folder of generated images against a folder of real ones.",
  positionals: "<generated folder> <real folder>",
  details:
    "Fréchet and kernel distance, Inception Score, precision, recall and the classes covered, in the features of a classifier that is named beside them. The floor is the distance of the real images' two halves.",
  options: {
    extractor: { value: "NAME", help: `Which classifier looks: ${extractors.join(", ")}, or a .safetensors file of one. Default mnist.` },
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
    const isShipped = (candidate: string): candidate is ExtractorData => (extractors as readonly string[]).includes(candidate);
    if (!isShipped(name) && !name.endsWith(".safetensors")) {
      throw new UsageError(`--extractor: expected ${extractors.join(", ")} or a .safetensors file, got ${JSON.stringify(name)}.`);
    }
    await using device = await openNamedDevice(deviceSettings(args));
    using interrupt = new Interrupt();
    const { signal } = interrupt;
    using extractor = isShipped(name) ? await trainedExtractor(name) : await extractorFrom(name);
    try {
      const channels = extractor.network.channels as 1 | 3;
      const generated = await extractFeatures(await readImages(generatedFolder, { channels }), { device, extractor, signal });
      const real = await extractFeatures(await readImages(realFolder, { channels }), { device, extractor, signal });
      const scores = scoreGenerated({ generated, real, rng: new Rng(seed) });
      if (args.values.json) console.log(JSON.stringify({ device: device.name, ...scores }));
      else {
        const { frechet, floor, ratio, kernel, inceptionScore, precision, recall, coverage } = scores;
        const rows = [
          ["measured with", scores.extractor],
          ["images", `${scores.generatedCount} generated, ${scores.realCount} real`],
          ["Fréchet distance", `${frechet.value.toFixed(3)} (95 %: ${frechet.low.toFixed(3)} to ${frechet.high.toFixed(3)})`],
          ["of real images", `${floor.value.toFixed(3)}: ${ratio.toFixed(2)} times that`],
          ["kernel distance", `${kernel.mean.toFixed(5)} ± ${kernel.standardDeviation.toFixed(5)}`],
          ["Inception Score", inceptionScore.toFixed(3)],
          ["precision, recall", `${precision.toFixed(3)}, ${recall.toFixed(3)}`],
          ["classes covered", `${coverage.covered} of ${coverage.shares.length}, mean confidence ${coverage.confidence.toFixed(3)}`],
        ] as const;
        for (const [what, value] of rows) console.log(`${what.padEnd(18)} ${value}`);
      }
      return 0;
    } catch (error) {
      return interrupt.codeFor(error);
    }
  },
};
