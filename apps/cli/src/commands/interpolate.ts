/** dl interpolate: the way from one image to another, through the latents. */

import { hostTensor, Rng } from "@dl/core";
import { drawLatents, encodeApng, imageGrid, interpolateLatents } from "@dl/gan";
import { encodePng } from "@dl/train";
import { writeFileAtomic } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, onlyPositional, text, UsageError, wholeNumber } from "../command.ts";
import { Interrupt } from "../interrupt.ts";
import { drawImages, loadGenerator } from "../recipes/generative-recipe.ts";
import { generativeRun } from "./sample.ts";

export const interpolate: Command = {
  name: "interpolate",
  summary: "Walk between images of a trained generator: a row a walk, or a moving picture.",
  positionals: "<run folder>",
  details: "The walk follows the sphere that normal latents lie near.",
  options: {
    rows: { value: "N", help: "How many walks. Default 8." },
    steps: { value: "N", help: "Images of each walk, both ends included. Default 10." },
    out: { value: "FILE", help: "The PNG to write. Default interpolation.png." },
    animate: { help: "Write an animated PNG, all walks side by side, instead of rows." },
    seed: { value: "N", help: "Equal seeds give equal walks. Default 1." },
    ...deviceOptions,
  },
  async run(args) {
    const folder = onlyPositional(args, "run folder");
    const run = await generativeRun(folder);
    const rows = wholeNumber(args, "rows", { least: 1, most: 1000, otherwise: 8 });
    const steps = wholeNumber(args, "steps", { least: 2, most: 1000, otherwise: 10 });
    const seed = wholeNumber(args, "seed", { least: 0, otherwise: 1 });
    const out = text(args, "out") ?? "interpolation.png";
    if (!out.toLowerCase().endsWith(".png")) throw new UsageError(`--out: expected a .png file, got ${JSON.stringify(out)}.`);
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    using interrupt = new Interrupt();
    using generator = await loadGenerator(run, folder);
    const { latent: size, data } = run.preset;
    const rng = new Rng(seed).fork("interpolate");
    const latents = new Float32Array(rows * steps * size);
    for (let row = 0; row < rows; row++) {
      const ends = drawLatents(2, { size, rng: rng.fork(`walk ${row}`) }).data;
      const vector = (i: number) => hostTensor(Float32Array.from(ends.subarray(i * size, (i + 1) * size)), [size]);
      latents.set(interpolateLatents(vector(0), vector(1), { steps }).data, row * steps * size);
    }
    try {
      const images = await drawImages(run, generator, {
        ...{ device, latents: hostTensor(latents, [rows * steps, size]), signal: interrupt.signal },
        // A walk stays in its class.
        labels: Int32Array.from({ length: rows * steps }, (_, i) => Math.floor(i / steps) % data.classNames.length),
      });
      if (args.values.animate) {
        const imageSize = images.data.length / (rows * steps);
        const frames = Array.from({ length: steps }, (_, step) => {
          const frame = new Float32Array(rows * imageSize);
          for (let row = 0; row < rows; row++) {
            const at = (row * steps + step) * imageSize;
            frame.set(images.data.subarray(at, at + imageSize), row * imageSize);
          }
          return imageGrid(hostTensor(frame, [rows, ...images.shape.slice(1)]));
        });
        await writeFileAtomic(out, encodeApng(frames, { framesPerSecond: 8, holdSeconds: 1 }));
      } else await writeFileAtomic(out, encodePng(imageGrid(images, { columns: steps })));
    } catch (error) {
      return interrupt.codeFor(error);
    }
    if (args.values.json) console.log(JSON.stringify({ recipe: run.recipe.name, device: device.name, rows, steps, seed, files: { out } }));
    else console.log(`${rows} walks of ${steps} images in ${out}`);
    return 0;
  },
};
