/** dl sample: images from a trained generator. */

import { Rng } from "@dl/core";
import { drawLatents, imageGrid } from "@dl/gan";
import { encodePng } from "@dl/train";
import { writeFileAtomic } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import {
  type Arguments,
  type Command,
  deviceOptions,
  deviceSettings,
  onlyPositional,
  positiveNumber,
  text,
  UsageError,
  wholeNumber,
} from "../command.ts";
import { writeImages } from "../image-files.ts";
import { Interrupt } from "../interrupt.ts";
import { drawImages, type GenerativeRun, isGenerative, loadGenerator } from "../recipes/generative-recipe.ts";
import { readRunFile } from "../run-file.ts";

/** The run in `folder`, which must make images. */
export async function generativeRun(folder: string): Promise<GenerativeRun> {
  const run = await readRunFile(folder);
  if (!isGenerative(run)) throw new UsageError(`expected a run that makes images, got one of ${run.recipe.name}.`);
  return run;
}

/** The class that `--label` names, by its name or its number. */
function labelOf(args: Arguments, { recipe, preset }: GenerativeRun): number | undefined {
  const name = text(args, "label");
  if (name === undefined) return undefined;
  const { classNames } = preset.data;
  if (!preset.isConditional)
    throw new UsageError(`--label: expected a run of a conditional recipe, such as cgan-mnist, got ${recipe.name}.`);
  const index = classNames.includes(name) ? classNames.indexOf(name) : /^\d+$/.test(name) ? Number(name) : -1;
  if (index < 0 || index >= classNames.length) {
    throw new UsageError(`--label: expected one of ${classNames.join(", ")}, got ${JSON.stringify(name)}.`);
  }
  return index;
}

export const sample: Command = {
  name: "sample",
  summary: "Make images with a trained generator: a grid, or a file each.",
  positionals: "<run folder>",
  details: "Conditional generators make their classes in turn, or the one that --label names.",
  options: {
    count: { value: "N", help: "How many images. Default 64." },
    out: { value: "PATH", help: "A .png file for a grid, or a folder for single files. Default samples.png." },
    seed: { value: "N", help: "Equal seeds give equal images. Default 1." },
    label: { value: "NAME", help: "Class to make." },
    truncation: { value: "X", help: "Draws latents beyond X standard deviations again: fewer, better kinds. Default none." },
    ...deviceOptions,
  },
  async run(args) {
    const folder = onlyPositional(args, "run folder");
    const out = text(args, "out") ?? "samples.png";
    if (/\.(jpe?g|gif|bmp|webp|apng)$/i.test(out))
      throw new UsageError(`--out: expected a file that ends in .png, or a folder, got ${JSON.stringify(out)}.`);
    const run = await generativeRun(folder);
    const count = wholeNumber(args, "count", { least: 1, most: 1e6, otherwise: 64 });
    const seed = wholeNumber(args, "seed", { least: 0, otherwise: 1 });
    const truncation = positiveNumber(args, "truncation");
    const label = labelOf(args, run);
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    using interrupt = new Interrupt();
    using generator = await loadGenerator(run, folder);
    const latents = drawLatents(count, {
      size: run.preset.latent,
      rng: new Rng(seed).fork("sample"),
      ...(truncation !== undefined && { truncation }),
    });
    try {
      const images = await drawImages(run, generator, {
        ...{ device, latents, signal: interrupt.signal },
        ...(label !== undefined && { labels: new Int32Array(count).fill(label) }),
      });
      if (out.toLowerCase().endsWith(".png")) await writeFileAtomic(out, encodePng(imageGrid(images)));
      else await writeImages(out, images);
    } catch (error) {
      return interrupt.codeFor(error);
    }
    if (args.values.json) console.log(JSON.stringify({ recipe: run.recipe.name, device: device.name, count, seed, files: { out } }));
    else console.log(`${count} images in ${out}`);
    return 0;
  },
};
