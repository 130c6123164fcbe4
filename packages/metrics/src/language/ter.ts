/** Translation edit rate: how much work a translation leaves to an editor. Snover et al. 2006. */

import { SumsMetric } from "../sums-metric.ts";
import { countShiftEdits } from "./shift-edits.ts";
import { readTexts, type TextInputs, wordsOf } from "./text-inputs.ts";

export interface TerOptions {
  /** Default false: texts are compared in lower case. */
  readonly caseSensitive?: boolean;
  /** Sets punctuation off from words, and undoes XML's escapes, as Tercom does for Western languages. Default false. */
  readonly normalized?: boolean;
  /** Leaves `. , ? : ; ! " ( )` out. Default false. */
  readonly noPunctuation?: boolean;
}

export interface TerResult {
  /** Edits ÷ words of the references, in percent; above 100 for texts that are too long. Lower is better. */
  readonly score: number;
  /** Words substituted, put in and left out, and phrases moved, each with the nearest reference. */
  readonly edits: number;
  /** The mean length of each text's references, added up. */
  readonly referenceLength: number;
}

/**
 * TER of a corpus, as sacrebleu's `TER`.
 *
 * @example
 * const ter = new Ter();
 * ter.update({ hypotheses: ["the cat on the mat sat"], references: ["the cat sat on the mat"] });
 * ter.result().edits; // 1
 */
export class Ter extends SumsMetric<TextInputs, TerResult> {
  readonly #options: Required<TerOptions>;

  constructor({ caseSensitive = false, normalized = false, noPunctuation = false }: TerOptions = {}) {
    const options = { caseSensitive, normalized, noPunctuation };
    super("Ter", { length: 2, options: JSON.stringify(options) });
    this.#options = options;
  }

  protected override add(inputs: TextInputs, sums: Float64Array): void {
    for (const { hypothesis, references } of readTexts("Ter.update", inputs)) {
      const words = this.#wordsOf(hypothesis);
      const others = references.map((reference) => this.#wordsOf(reference));
      sums[0]! += Math.min(...others.map((reference) => countShiftEdits(reference, words)));
      sums[1]! += others.reduce((total, { length }) => total + length, 0) / others.length;
    }
  }

  protected override answer(sums: Float64Array): TerResult {
    const [edits, referenceLength] = [sums[0]!, sums[1]!];
    // Words against nothing are all wrong; nothing against nothing is right.
    const score = referenceLength > 0 ? (100 * edits) / referenceLength : edits > 0 ? 100 : 0;
    return { score, edits, referenceLength };
  }

  #wordsOf(text: string): string[] {
    const { caseSensitive, normalized, noPunctuation } = this.#options;
    const cased = caseSensitive ? text : text.toLowerCase();
    const apart = normalized ? westernWords(cased) : cased;
    return wordsOf(noPunctuation ? apart.replace(/[.,?:;!"()]/g, "") : apart);
  }
}

/** Punctuation as words of its own, but for points and commas in numbers. Tercom's Normalizer. */
function westernWords(text: string): string {
  const plain = text
    .replaceAll("\n-", "")
    .replaceAll("\n", " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return ` ${plain} `
    .replace(/([{-~[-` -&(-+:-@/])/g, " $1 ")
    .replace(/'s /g, " 's ")
    .replace(/'s$/g, " 's")
    .replace(/([^0-9])([.,])/g, "$1 $2 ")
    .replace(/([.,])([^0-9])/g, " $1 $2")
    .replace(/([0-9])(-)/g, "$1 $2 ");
}
