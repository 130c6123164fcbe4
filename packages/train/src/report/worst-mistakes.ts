/** The mistakes a model was surest of: which they are, and their images. */

import { OptionError, ShapeError } from "@dl/core";
import { encodePng, type Pixels } from "../pixels.ts";
import { html, type Markup } from "./markup.ts";

/** An example the model got wrong. */
export interface Mistake {
  /** Its number in the data set. */
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  /** The probability of the prediction. */
  readonly confidence: number;
}

export interface WorstMistakesOptions {
  /** How many. Default 24. */
  readonly count?: number;
}

/**
 * Wrong predictions, surest first; of equals the earlier example first.
 *
 * @param labels         True classes, `[B]`.
 * @param probabilities  Row-major `[B, C]`.
 */
export function worstMistakes(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  { count = 24 }: WorstMistakesOptions = {},
): Mistake[] {
  const classes = probabilities.length / labels.length;
  if (labels.length === 0 || !Number.isInteger(classes) || classes === 0) {
    throw new ShapeError(
      `worstMistakes: expected one row of probabilities for each label, got ${labels.length} labels and ${probabilities.length} probabilities.`,
    );
  }
  if (!Number.isInteger(count) || count < 0) throw new OptionError(`worstMistakes: expected a whole count of at least 0, got ${count}.`);
  const mistakes: Mistake[] = [];
  for (let index = 0; index < labels.length; index++) {
    let prediction = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[index * classes + c]! > probabilities[index * classes + prediction]!) prediction = c;
    }
    const confidence = probabilities[index * classes + prediction]!;
    if (prediction !== labels[index]) mistakes.push({ index, label: labels[index]!, prediction, confidence });
  }
  return mistakes.sort((a, b) => b.confidence - a.confidence || a.index - b.index).slice(0, count);
}

/** A mistake as the report shows it. */
export interface MistakeView {
  readonly image: Pixels;
  readonly label: string;
  readonly prediction: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Which example it is: `test 4807`. */
  readonly caption?: string;
}

export function renderMistakes(mistakes: readonly MistakeView[]): Markup {
  return html`<section class="card mistakes">
<h2>Worst mistakes</h2>
<p class="quiet">Wrong answers the model was surest of.</p>
<ul class="grid">${mistakes.map(renderMistake)}</ul>
</section>`;
}

function renderMistake({ image, label, prediction, confidence, caption }: MistakeView): Markup {
  const source = `data:image/png;base64,${base64(encodePng(image))}`;
  const percent = `${(100 * confidence).toFixed(1)} %`;
  const size = image.width < 96 ? "small" : "large";
  return html`<li><img class="${size}" src="${source}" width="${image.width}" height="${image.height}" alt="${label}, taken for ${prediction}" title="${caption ?? ""}">
<div class="answer"><b>${prediction}</b><span>${percent}</span></div>
<div class="meter"><i style="width:${(100 * Math.min(1, Math.max(0, confidence))).toFixed(1)}%"></i></div>
<div class="truth">is ${label}</div></li>`;
}

/** Browsers and Node both have `btoa`; it takes a string of bytes. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
