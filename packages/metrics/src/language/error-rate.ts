/** Errors of transcriptions: words or characters to change, add and take away. Morris, Maier & Green 2004. */

import { DataError, OptionError } from "@dl/core";
import { SumsMetric } from "../sums-metric.ts";
import { countEdits, type EditCounts } from "./edit-counts.ts";
import { readTexts, type TextInputs, wordsOf } from "./text-inputs.ts";

export interface ErrorRateOptions {
  /** What is counted: `words` between white space, or `characters` with white space. Default `words`. */
  readonly unit?: "words" | "characters";
}

export interface ErrorRates extends EditCounts {
  /** (S + D + I) ÷ reference length: WER, or CER; above 1 for texts that are too long. */
  readonly errorRate: number;
  /** (S + D + I) ÷ (S + D + I + H): match error rate, at most 1. */
  readonly matchErrorRate: number;
  /** 1 − H² ÷ (reference length · text length): word information lost. */
  readonly informationLost: number;
}

/**
 * Error rates of a corpus: edits of all texts ÷ lengths of all references. One reference a text.
 *
 * @example
 * const errors = new ErrorRate();
 * errors.update({ hypotheses: ["the cat sat"], references: ["the cat sat down"] });
 * errors.result().errorRate; // 0.25
 */
export class ErrorRate extends SumsMetric<TextInputs, ErrorRates> {
  readonly #unit: "words" | "characters";

  constructor({ unit = "words" }: ErrorRateOptions = {}) {
    if (unit !== "words" && unit !== "characters")
      throw new OptionError(`ErrorRate: expected unit words or characters, got ${String(unit)}.`);
    super("ErrorRate", { length: 4, options: `unit ${unit}` });
    this.#unit = unit;
  }

  protected override add(inputs: TextInputs, sums: Float64Array): void {
    const unitsOf = (text: string): string[] => (this.#unit === "words" ? wordsOf(text) : [...text]);
    for (const { hypothesis, references } of readTexts("ErrorRate.update", inputs)) {
      if (references.length > 1) throw new DataError(`ErrorRate.update: expected one reference a text, got ${references.length}.`);
      const { substitutions, deletions, insertions, hits } = countEdits(unitsOf(references[0]!), unitsOf(hypothesis));
      [substitutions, deletions, insertions, hits].forEach((count, i) => {
        sums[i]! += count;
      });
    }
  }

  protected override answer(sums: Float64Array): ErrorRates {
    const [substitutions, deletions, insertions, hits] = [sums[0]!, sums[1]!, sums[2]!, sums[3]!];
    const edits = substitutions + deletions + insertions;
    const [theirs, own] = [hits + substitutions + deletions, hits + substitutions + insertions];
    if (theirs === 0) throw new DataError("ErrorRate.result: expected references with something in them, got empty ones alone.");
    return {
      substitutions,
      deletions,
      insertions,
      hits,
      errorRate: edits / theirs,
      matchErrorRate: edits / (edits + hits),
      informationLost: own === 0 ? 1 : 1 - (hits / theirs) * (hits / own),
    };
  }
}
