/** The answers of a classifier of this studio on its test images, as a table. */

import { DataError } from "@dl/core";
import { readImages, readIndex } from "../../data/read-shards.ts";
import { Engine } from "../../engine/engine.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import type { ClassifyContract } from "../classify/contract.ts";
import { readRunJson } from "../classify/run-json.ts";
import type { Table } from "./table.ts";

/** Opens the run on a worker of its own, asks it for every test image, and ends it. */
export async function predictionsOfRun(files: RunFiles): Promise<{ readonly name: string; readonly table: Table }> {
  const { settings } = readRunJson(files);
  const set = (await readIndex()).images[settings.set];
  if (!set) throw new Error("This run was trained on pictures that are not here any more. Open it in Classify with its folder.");
  const { title, classNames, shape, statistics } = set;
  const test = await readImages(set, { split: "test", count: 1000 });
  // The training images are not needed, but a run has some: as few as divide.
  const train = await readImages(set, { split: "train", count: 500 });
  const engine = new Engine<ClassifyContract>({ job: "classify", onEvents: () => undefined });
  try {
    const weights = { "run.json": files["run.json"]!, "model.safetensors": files["model.safetensors"]! };
    const payload = { title, classNames, shape, statistics, train, test };
    await engine.start({ settings: { ...settings, count: 500 }, payload, files: weights, device: deviceChoice.peek() });
    const size = shape[0] * shape[1] * shape[2];
    const probabilities: Float32Array[] = [];
    for (let at = 0; at < test.labels.length; at++) {
      const image = Float32Array.from(test.images.subarray(at * size, (at + 1) * size), (byte) => byte / 255);
      probabilities.push(await engine.ask("predict", { image }));
    }
    const best = probabilities.map((row) => row.indexOf(Math.max(...row)));
    // The sum of float32 shares is 1 up to their rounding.
    const columns = new Map<string, readonly string[]>([
      ["label", Array.from(test.labels, (label) => classNames[label]!)],
      ["prediction", best.map((c) => classNames[c]!)],
    ]);
    const sorted = [...classNames].sort((a, b) => (Number.isFinite(Number(a)) ? Number(a) - Number(b) : a < b ? -1 : 1));
    for (const name of sorted)
      columns.set(
        `p_${name}`,
        probabilities.map((row) => String(Math.min(1, row[classNames.indexOf(name)]!))),
      );
    return { name: `${settings.network} on ${title}`, table: { columns, rows: test.labels.length } };
  } catch (error) {
    // Why the run could not be opened, rather than that it does not answer.
    throw new DataError(engine.problem.peek()?.message ?? (error as Error).message);
  } finally {
    engine.close();
  }
}
