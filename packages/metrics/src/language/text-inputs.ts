/** Reads texts with their references, and checks them. */

import { DataError, ShapeError } from "@dl/core";

/** What a model wrote, and what it should have written: one reference a text, or several. */
export interface TextInputs {
  readonly hypotheses: readonly string[];
  readonly references: readonly (string | readonly string[])[];
}

/** A text and its references, of which there is at least one. */
export interface TextPair {
  readonly hypothesis: string;
  readonly references: readonly string[];
}

export function readTexts(where: string, { hypotheses, references }: TextInputs): TextPair[] {
  if (!Array.isArray(hypotheses) || !Array.isArray(references)) {
    throw new DataError(
      `${where}: expected arrays of texts in hypotheses and references, got ${typeof hypotheses} and ${typeof references}.`,
    );
  }
  if (hypotheses.length === 0) throw new DataError(`${where}: expected at least one text, got none. Leave empty batches out.`);
  if (hypotheses.length !== references.length) {
    throw new ShapeError(`${where}: expected references for each of ${hypotheses.length} hypotheses, got ${references.length}.`);
  }
  return hypotheses.map((hypothesis: string, i) => {
    const own: readonly string[] = typeof references[i] === "string" ? [references[i]] : (references[i] as readonly string[]);
    if (typeof hypothesis !== "string" || !Array.isArray(own) || own.length === 0 || own.some((text) => typeof text !== "string")) {
      throw new DataError(
        `${where}: expected a text and at least one reference at ${i}, got ${typeof hypothesis} and ${own?.length} references.`,
      );
    }
    return { hypothesis, references: own };
  });
}

/** Words between white space. */
export function wordsOf(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== "");
}
