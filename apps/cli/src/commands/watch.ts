/** dl watch: plays an episode of a trained agent. */

import { setTimeout } from "node:timers/promises";
import { DataError, Rng } from "@dl/core";
import { rasterize, toTerminal } from "@dl/rl";
import { writeFileAtomic } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, runFolder, text, UsageError, wholeNumber } from "../command.ts";
import { encodeFilm } from "../rl/best-film.ts";
import { playEpisode } from "../rl/play-episode.ts";
import { openSavedAgent } from "../rl/saved-agent.ts";
import { readTaskRun } from "../rl/task-run.ts";

export const watch: Command = {
  name: "watch",
  summary: "Play an episode of a trained agent, in the terminal or as a film.",
  positionals: "<run folder>",
  details: "On a terminal the episode is shown; with --out it is written as a moving picture, .apng or .html.",
  options: {
    run: { value: "FOLDER", help: "The run folder, if it is not the argument." },
    seed: { value: "N", help: "Which episode. Default 1." },
    out: { value: "FILE", help: "Write episode.apng, or a page that shows it, instead of showing it." },
    width: { value: "N", help: "Pixels of the picture. Default 80 in a terminal, 400 in a file." },
    ...deviceOptions,
  },
  async run(args) {
    const path = runFolder(args);
    const out = text(args, "out");
    if (out !== undefined && !/\.(apng|png|html)$/i.test(out))
      throw new UsageError(`--out: expected a file that ends in .apng, .png or .html, got ${JSON.stringify(out)}.`);
    const width = wholeNumber(args, "width", { least: 16, most: 4096, otherwise: out === undefined ? 80 : 400 });
    const seed = wholeNumber(args, "seed", { least: 0, otherwise: 1 });
    const run = await readTaskRun(path);
    if (!run) throw new DataError(`${path}: expected a run of dl train with a task such as ppo-cartpole, got another, or none.`);
    await using device = await openNamedDevice(deviceSettings(args, run.settings));
    const prepared = await openSavedAgent(run, { path, device });
    using _agent = prepared.algorithm;
    const { drawings, return: sum } = await playEpisode(prepared, new Rng(seed));
    if (out !== undefined) await writeFilm(out, encodeFilm(drawings, { width }));
    else if (process.stdout.isTTY && args.values.json !== true) {
      for (const drawing of drawings) {
        process.stdout.write(`\x1b[H\x1b[2J${toTerminal(rasterize(drawing, { width }))}\n`);
        await setTimeout(33);
      }
    }
    const told = { task: run.task.name, return: sum, frames: drawings.length };
    console.log(
      args.values.json === true
        ? JSON.stringify(told)
        : `return ${sum.toFixed(2)} in ${drawings.length} steps${out === undefined ? "" : `: ${out}`}`,
    );
    return 0;
  },
};

async function writeFilm(path: string, film: Uint8Array): Promise<void> {
  if (!/\.html$/i.test(path)) return writeFileAtomic(path, film);
  const page = `<!doctype html>\n<meta charset="utf-8">\n<title>An episode</title>\n<img alt="An episode" src="data:image/apng;base64,${Buffer.from(film).toString("base64")}">\n`;
  return writeFileAtomic(path, page);
}
