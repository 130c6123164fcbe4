/** What the parts of a run gave, kept in its folder as they end: an interrupted run goes on with the next. */

import { readFile } from "node:fs/promises";
import type { Metrics } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import { fileExists } from "../run-files.ts";

const fileName = "parts.json";

interface Part {
  readonly seconds: number;
  readonly metrics: Metrics;
}

export class PartResults {
  readonly #folder: RunFolder;
  readonly #done: Map<string, Part>;

  private constructor(folder: RunFolder, done: Map<string, Part>) {
    this.#folder = folder;
    this.#done = done;
  }

  static async open(folder: RunFolder): Promise<PartResults> {
    const path = folder.file(fileName);
    const done = (await fileExists(path)) ? (JSON.parse(await readFile(path, "utf8")) as Record<string, Part>) : {};
    return new PartResults(folder, new Map(Object.entries(done)));
  }

  /** What `work` gives, or gave when it was done before. */
  async part(name: string, work: () => Promise<Metrics>): Promise<Metrics> {
    const known = this.#done.get(name);
    if (known) return known.metrics;
    const start = performance.now();
    const metrics = await work();
    this.#done.set(name, { seconds: (performance.now() - start) / 1000, metrics });
    await this.#folder.write(fileName, `${JSON.stringify(Object.fromEntries(this.#done), null, 2)}\n`);
    console.error(
      `${name}: ${Object.entries(metrics)
        .map(([metric, value]) => `${metric} ${value.toFixed(4)}`)
        .join(", ")}`,
    );
    return metrics;
  }

  /** Of work on all parts, in the runs before, too. */
  get seconds(): number {
    return [...this.#done.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  }
}
