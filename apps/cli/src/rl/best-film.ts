/** The film of a training: played by the agent of its best evaluation, while that agent is at hand. */

import { readFile } from "node:fs/promises";
import type { Rng } from "@dl/core";
import { type Drawing, encodeApng, type PreparedTask, rasterize } from "@dl/rl";
import type { RunFolder } from "@dl/train/node";
import { playBestEpisode } from "./play-episode.ts";

export const filmName = "episode.apng";
const aboutName = "episode.json";

/** What the film shows; `episode.json` in the run's folder. */
export interface FilmNote {
  /** Environment steps the agent had learned from. */
  readonly steps: number;
  /** Mean return of the evaluation that no other has bettered. */
  readonly evaluationMean: number;
  /** Of the episode shown: the best of five that the agent played after it. */
  readonly return: number;
  /** Steps of the episode. */
  readonly length: number;
}

export class BestFilm {
  readonly #prepared: PreparedTask;
  readonly #folder: RunFolder;
  readonly #rng: Rng;
  #note: FilmNote | undefined;
  /** Not written yet. */
  #drawings: readonly Drawing[] = [];

  /** Use `BestFilm.open`. */
  private constructor(prepared: PreparedTask, { folder, rng, note }: { folder: RunFolder; rng: Rng; note: FilmNote | undefined }) {
    this.#prepared = prepared;
    this.#folder = folder;
    this.#rng = rng;
    this.#note = note;
  }

  /** Goes on, in a training that was resumed, from the film there is. */
  static async open(
    prepared: PreparedTask,
    { folder, rng, resumes }: { folder: RunFolder; rng: Rng; resumes: boolean },
  ): Promise<BestFilm> {
    const text = resumes ? await readFile(folder.file(aboutName), "utf8").catch(() => undefined) : undefined;
    return new BestFilm(prepared, { folder, rng, note: text === undefined ? undefined : (JSON.parse(text) as FilmNote) });
  }

  /** What is shown; undefined before the first evaluation, and for environments that cannot be drawn. */
  get note(): FilmNote | undefined {
    return this.#note;
  }

  /** Plays the agent as it stands, if no evaluation before was as good. */
  async offer(evaluationMean: number): Promise<void> {
    if (this.#note && !(evaluationMean > this.#note.evaluationMean)) return;
    const { steps } = this.#prepared.algorithm;
    const { drawings, return: sum } = await playBestEpisode(this.#prepared, this.#rng.fork(`film ${steps}`), { of: 5 });
    if (drawings.length === 0) return;
    this.#note = { steps, evaluationMean, return: sum, length: drawings.length };
    this.#drawings = drawings;
  }

  /** Writes what is not written yet: with each checkpoint, since pictures take longer than playing. */
  async write(): Promise<void> {
    if (this.#drawings.length === 0) return;
    await this.#folder.write(filmName, encodeFilm(this.#drawings, { width: 300 }));
    await this.#folder.write(aboutName, `${JSON.stringify(this.#note, null, 2)}\n`);
    this.#drawings = [];
  }
}

const mostFrames = 600;

/** A whole episode in at most 600 frames: of a longer one every second, every third, …, and as long to watch. */
export function encodeFilm(drawings: readonly Drawing[], { width }: { width: number }): Uint8Array {
  const every = Math.ceil(drawings.length / mostFrames);
  const frames = drawings.filter((_, i) => i % every === 0).map((drawing) => rasterize(drawing, { width }));
  return encodeApng(frames, { framesPerSecond: Math.round(30 / every) });
}
