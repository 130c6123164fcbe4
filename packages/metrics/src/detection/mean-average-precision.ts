/** How well a detector finds objects: the area under precision over recall, over classes and overlaps. COCO's, Lin et al. 2014, arXiv:1405.0312. */

import { DataError, OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";

/** An object's class and box: `right` and `bottom` are where it no longer is. */
export interface ObjectBoxInput {
  readonly label: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface DetectionInput extends ObjectBoxInput {
  readonly score: number;
}

/** One image. */
export interface MeanAveragePrecisionInputs {
  readonly detections: readonly DetectionInput[];
  readonly objects: readonly ObjectBoxInput[];
}

export interface MeanAveragePrecisionResult {
  /** Over all classes that occur and all overlaps. */
  readonly mean: number;
  /** For each overlap, over all classes that occur. */
  readonly perOverlap: readonly number[];
  /** For each class, over all overlaps; NaN for one that does not occur. */
  readonly perClass: readonly number[];
}

export interface MeanAveragePrecisionState {
  /** By class: objects, and a row `[score, found at overlap 0, found at overlap 1, …]` for every detection. */
  readonly objects: readonly number[];
  readonly detections: readonly (readonly (readonly number[])[])[];
}

export interface MeanAveragePrecisionOptions {
  classes: number;
  /** Intersection over union from which on an object counts as found. Default 0.5, 0.55 … 0.95. */
  overlaps?: readonly number[];
  /** Likeliest detections of a class that count in an image. Default 100. */
  most?: number;
}

/** Intersection over union of two boxes. */
export function boxOverlap(a: Omit<ObjectBoxInput, "label">, b: Omit<ObjectBoxInput, "label">): number {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (!(wide > 0 && tall > 0)) return 0;
  const area = ({ left, top, right, bottom }: Omit<ObjectBoxInput, "label">): number => (right - left) * (bottom - top);
  return (wide * tall) / (area(a) + area(b) - wide * tall);
}

/**
 * Detections are taken likeliest first; each finds the object of its class that it overlaps most and that is not found yet. Precision is
 * interpolated, and read at the recalls 0, 0.01 … 1.
 *
 * @example
 * const metric = new MeanAveragePrecision({ classes: 1, overlaps: [0.5] });
 * const box = { label: 0, left: 0, top: 0, right: 10, bottom: 10 };
 * metric.update({ objects: [box], detections: [{ ...box, right: 8, score: 0.9 }] });
 * metric.result().mean; // 1
 */
export class MeanAveragePrecision implements Metric<MeanAveragePrecisionInputs, MeanAveragePrecisionResult, MeanAveragePrecisionState> {
  readonly #classes: number;
  readonly #overlaps: readonly number[];
  readonly #most: number;
  #objects: number[] = [];
  #detections: (readonly number[])[][] = [];

  constructor({ classes, overlaps = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100), most = 100 }: MeanAveragePrecisionOptions) {
    if (!Number.isInteger(classes) || classes < 1 || !Number.isInteger(most) || most < 1) {
      throw new OptionError(`MeanAveragePrecision: expected whole numbers ≥ 1 for classes and most, got ${classes} and ${most}.`);
    }
    if (overlaps.length === 0 || overlaps.some((overlap) => !(overlap > 0 && overlap <= 1))) {
      throw new OptionError(`MeanAveragePrecision: expected overlaps above 0 and up to 1, got [${overlaps.join(", ")}].`);
    }
    this.#classes = classes;
    this.#overlaps = overlaps;
    this.#most = most;
    this.reset();
  }

  update({ detections, objects }: MeanAveragePrecisionInputs): void {
    for (const { label, left, top, right, bottom } of [...detections, ...objects]) {
      const isBox = [left, top, right, bottom].every(Number.isFinite) && right >= left && bottom >= top;
      if (!Number.isInteger(label) || label < 0 || label >= this.#classes || !isBox) {
        throw new DataError(
          `MeanAveragePrecision.update: expected boxes with labels below ${this.#classes}, got label ${label} and [${left}, ${top}, ${right}, ${bottom}].`,
        );
      }
    }
    const bad = detections.find(({ score }) => !Number.isFinite(score));
    if (bad) throw new DataError(`MeanAveragePrecision.update: expected finite scores, got ${bad.score}.`);
    for (let label = 0; label < this.#classes; label++) {
      const own = objects.filter((object) => object.label === label);
      const found = detections
        .filter((detection) => detection.label === label)
        .sort((a, b) => b.score - a.score)
        .slice(0, this.#most);
      const taken = this.#overlaps.map(() => new Set<number>());
      for (const detection of found) {
        const overlapWith = own.map((object) => boxOverlap(detection, object));
        const hits = this.#overlaps.map((least, i) => {
          let best = -1;
          for (const [k, overlap] of overlapWith.entries()) {
            // Of objects that it overlaps alike the last, as COCO's own code takes.
            if (overlap >= least && !taken[i]!.has(k) && (best < 0 || overlap >= overlapWith[best]!)) best = k;
          }
          if (best < 0) return 0;
          taken[i]!.add(best);
          return 1;
        });
        this.#detections[label]!.push([detection.score, ...hits]);
      }
      this.#objects[label]! += own.length;
    }
  }

  result(): MeanAveragePrecisionResult {
    const present = this.#objects.flatMap((count, label) => (count > 0 ? [label] : []));
    if (this.#detections.some((rows) => rows.length > 0) && present.length === 0) {
      throw new DataError("MeanAveragePrecision.result: expected an object in some image, got none: there is nothing to find.");
    }
    if (present.length === 0) throw nothingAdded("MeanAveragePrecision.result");
    const table = Array.from({ length: this.#classes }, (_, label) =>
      this.#overlaps.map((_, i) => averagePrecision(this.#detections[label]!, { objects: this.#objects[label]!, column: i + 1 })),
    );
    const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const perClass = table.map(meanOf);
    const perOverlap = this.#overlaps.map((_, i) => meanOf(present.map((label) => table[label]![i]!)));
    return { mean: meanOf(perOverlap), perOverlap, perClass };
  }

  reset(): void {
    this.#objects = new Array<number>(this.#classes).fill(0);
    this.#detections = Array.from({ length: this.#classes }, () => []);
  }

  merge(other: this): void {
    if (other.#text !== this.#text) {
      throw new OptionError(`MeanAveragePrecision.merge: expected equal options, got ${this.#text} and ${other.#text}.`);
    }
    for (let label = 0; label < this.#classes; label++) {
      this.#objects[label]! += other.#objects[label]!;
      // Not `push(...rows)`: there may be more detections than a call may have arguments.
      // A copy, since a metric may be merged with itself.
      for (const row of other.#detections[label]!.slice()) this.#detections[label]!.push(row);
    }
  }

  state(): MeanAveragePrecisionState {
    return { objects: [...this.#objects], detections: this.#detections.map((rows) => [...rows]) };
  }

  restore({ objects, detections }: MeanAveragePrecisionState): void {
    const width = 1 + this.#overlaps.length;
    const fits = [objects, detections].every(({ length }) => length === this.#classes);
    if (!fits || detections.some((rows) => rows.some((row) => row.length !== width))) {
      throw new OptionError(
        `MeanAveragePrecision.restore: expected ${this.#classes} classes with rows of ${width}, got ${objects.length} and rows of ${detections.flat()[0]?.length ?? 0}.`,
      );
    }
    this.#objects = [...objects];
    this.#detections = detections.map((rows) => [...rows]);
  }

  /** The options: for messages, and to tell whether two metrics are alike. */
  get #text(): string {
    return `${this.#classes} classes at ${this.#overlaps.join(", ")}, ${this.#most} an image`;
  }
}

/** Of one class at one overlap; NaN without objects. */
function averagePrecision(rows: readonly (readonly number[])[], { objects, column }: { objects: number; column: number }): number {
  if (objects === 0) return Number.NaN;
  // Detections of all images together; the sort is stable, so equal scores stay in the order they came.
  const sorted = [...rows].sort((a, b) => b[0]! - a[0]!);
  let found = 0;
  const recalls: number[] = [];
  const precisions = sorted.map((row, i) => {
    found += row[column]!;
    recalls.push(found / objects);
    return found / (i + 1);
  });
  for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
  let total = 0;
  let at = 0;
  for (let step = 0; step <= 100; step++) {
    // COCO's recalls are multiples of the float64 0.01: at a tenth of them, such as 0.35000000000000003, a recall of 7 ÷ 20 falls short by a rounding error.
    while (at < recalls.length && recalls[at]! < (step === 100 ? 1 : step * 0.01)) at++;
    total += precisions[at] ?? 0;
  }
  return total / 101;
}
