/** A page that shows what a model would say at each layer. nostalgebraist 2020, "interpreting GPT: the logit lens". */

import { type HostTensor, ShapeError } from "@dl/core";
import { softmaxOf } from "./generation/logits-processors.ts";
import { escapedText, page } from "./html-page.ts";

export interface LogitLensPageOptions {
  /** Of each layer logits `[1, T, vocabulary]`, or more rows of which the first is shown: `logitLens`, read to the host. */
  lens: readonly HostTensor[];
  /** Text of each of the T tokens. */
  tokens: readonly string[];
  /** What a token of the vocabulary writes, such as `(id) => tokenizer.decode([id])`. */
  textOf: (id: number) => string;
  /** Default `Logit lens`. */
  title?: string;
}

/**
 * A table: a column for each token, a row for each layer, the last layer on top. A cell names the likeliest next token, the darker the
 * likelier; a pointer shows the three likeliest.
 *
 * @throws ShapeError for layers that are not alike, or another number of tokens.
 */
export function logitLensPage({ lens, tokens, textOf, title = "Logit lens" }: LogitLensPageOptions): string {
  const [first] = lens;
  const [, time = 0, vocabulary = 0] = first?.shape ?? [];
  if (first?.shape.length !== 3 || !lens.every(({ shape }) => shape.join() === first.shape.join())) {
    throw new ShapeError("logitLensPage: expected logits of each layer, [B, T, vocabulary] all alike, got others or none.");
  }
  if (tokens.length !== time) throw new ShapeError(`logitLensPage: expected ${time} tokens, as in the logits, got ${tokens.length}.`);
  const shown = (text: string): string => escapedText(JSON.stringify(text).slice(1, -1));
  const cell = (layer: HostTensor, place: number): string => {
    const row = Float32Array.from({ length: vocabulary }, (_, id) => layer.data[place * vocabulary + id]!);
    const probabilities = softmaxOf(row);
    const best = likeliest(probabilities, 3);
    const note = best.map((id) => `${shown(textOf(id))} ${(100 * probabilities[id]!).toFixed(1)} %`).join("&#10;");
    const share = probabilities[best[0]!]!;
    return `<td title="${note}" style="background:rgb(11 79 160/${(0.6 * share).toFixed(3)})">${shown(textOf(best[0]!))}</td>`;
  };
  const rows = lens.map((layer, l) => {
    const cells = tokens.map((_, place) => cell(layer, place)).join("");
    return `<tr><th>${l === 0 ? "embeddings" : `layer ${l}`}</th>${cells}</tr>`;
  });
  const head = tokens.map((token) => `<th>${shown(token)}</th>`).join("");
  return page(
    title,
    `<p>What would come next, by layer: the darker, the surer.</p><table><thead><tr><th></th>${head}</tr></thead><tbody>${rows.reverse().join("")}</tbody></table>`,
  );
}

/** Places of the largest, largest first. */
function likeliest(values: Float64Array, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < values.length; id++) {
    let at = best.length;
    while (at > 0 && values[id]! > values[best[at - 1]!]!) at--;
    if (at < count) best.splice(at, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}
