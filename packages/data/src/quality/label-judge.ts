/** Doubtful labels of one split, judged by what is kept of its examples as they are read: no example is read for it again. */

import type { HostTensor, Rng } from "@dl/core";
import { coarseFeatures } from "./coarse-features.ts";
import { crossValidate } from "./cross-validated-probabilities.ts";
import { type LabelNoiseCandidate, labelNoiseCandidates } from "./label-noise.ts";

/** Examples, at the least: of fewer, a fifth held out says nothing. */
const fewestJudged = 10;

/** Probabilities in memory, at the most: examples times classes. */
const mostJudged = 2 ** 27;

export interface LabelVerdict {
  /** Doubtful labels, the least plausible first. */
  readonly labelNoise: readonly LabelNoiseCandidate[];
  /** Why none were looked for; `undefined` where they were. */
  readonly notJudged: string | undefined;
}

/** Takes in whole, labelled examples one by one, at most 8 × 8 × C numbers of each; one for each split. */
export class LabelJudge {
  readonly #imageField: string;
  readonly #indices: number[] = [];
  readonly #labels: number[] = [];
  readonly #seen = new Set<number>();
  #rows: Float32Array[] = [];
  #form: string | undefined;
  #areMixed = false;

  constructor({ imageField }: { imageField: string }) {
    this.#imageField = imageField;
  }

  /** `image` is the example's field of images, if it has one; a single number is none. */
  add(index: number, { label, image }: { label: number; image: HostTensor | undefined }): void {
    this.#seen.add(label);
    if (image === undefined || image.shape.length === 0) return;
    this.#form ??= image.shape.join();
    if (this.#form !== image.shape.join()) {
      this.#areMixed = true;
      this.#rows = [];
    }
    this.#indices.push(index);
    this.#labels.push(label);
    if (this.#indices.length * this.#seen.size > mostJudged) this.#rows = [];
    else if (!this.#areMixed) this.#rows.push(coarseFeatures(image));
  }

  verdict({ classes, rng }: { classes: number; rng: Rng }): LabelVerdict {
    const reason = this.#reasonAgainst(classes);
    if (reason !== undefined) return { labelNoise: [], notJudged: reason };
    const size = this.#rows[0]!.length;
    const features = new Float32Array(this.#rows.length * size);
    for (const [i, row] of this.#rows.entries()) features.set(row, i * size);
    const labels = Int32Array.from(this.#labels);
    const probabilities = crossValidate({ features, size, labels, classes }, { rng });
    const labelNoise = labelNoiseCandidates(labels, probabilities).map((found) => ({ ...found, index: this.#indices[found.index]! }));
    return { labelNoise, notJudged: undefined };
  }

  #reasonAgainst(classes: number): string | undefined {
    const count = this.#indices.length;
    if (this.#seen.size === 0) return "no whole example has a label of a class";
    if (this.#form === undefined) return `no images in the field ${this.#imageField}`;
    if (this.#areMixed) return "images of more than one size";
    if (this.#seen.size < 2) return "examples of one class only";
    if (count < fewestJudged) return `${count} whole examples with labels, ${fewestJudged} are needed`;
    if (count * classes > mostJudged) return `${count} examples of ${classes} classes, too many to hold in memory`;
    return undefined;
  }
}
