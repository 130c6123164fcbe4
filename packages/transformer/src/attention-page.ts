/** A page that shows what a transformer looked at: a map for each layer and head. Nothing is loaded from elsewhere. */

import { type HostTensor, ShapeError } from "@dl/core";
import { attentionRollout } from "./attention-maps.ts";
import { cellGrid, escapedText, page } from "./html-page.ts";

export interface AttentionPageOptions {
  /**
   * Of each layer `[1, H, T, S]`, or more rows of which the first is shown: `trace.attentions`, or `trace.crossAttentions` with the tokens
   * of the text that was read as `keys`.
   */
  attentions: readonly HostTensor[];
  /** Text of each of the T tokens that look. */
  tokens: readonly string[];
  /** Text of each of the S tokens that are looked at. Default `tokens`; then the rollout is shown, too. */
  keys?: readonly string[];
  /** Default `Attention`. */
  title?: string;
}

/**
 * The maps as a page of their own.
 *
 * @throws ShapeError for layers that are not alike, or other numbers of tokens.
 */
export function attentionPage({ attentions, tokens, keys = tokens, title = "Attention" }: AttentionPageOptions): string {
  const [first] = attentions;
  const [, heads = 0, time = 0, keyTime = 0] = first?.shape ?? [];
  if (first?.shape.length !== 4 || !attentions.every(({ shape }) => shape.join() === first.shape.join())) {
    throw new ShapeError("attentionPage: expected the attention of each layer, [B, H, T, S] all alike, got others or none.");
  }
  if (tokens.length !== time) throw new ShapeError(`attentionPage: expected ${time} tokens, as in the attention, got ${tokens.length}.`);
  if (keys.length !== keyTime) throw new ShapeError(`attentionPage: expected ${keyTime} keys, as in the attention, got ${keys.length}.`);
  const map = (caption: string, weight: (q: number, k: number) => number): string =>
    `<figure>${cellGrid({ rows: time, columns: keyTime }, (q, k) => {
      const value = weight(q, k);
      return { opacity: value, note: `${tokens[q]} → ${keys[k]}: ${value.toFixed(3)}` };
    })}<figcaption>${caption}</figcaption></figure>`;
  const maps = attentions.map((layer, l) => {
    const each = Array.from({ length: heads }, (_, h) =>
      map(`layer ${l + 1}, head ${h + 1}`, (q, k) => layer.data[(h * time + q) * keyTime + k]!),
    );
    return `<section>${each.join("")}</section>`;
  });
  const list = (texts: readonly string[]): string => texts.map((token) => `<span>${escapedText(token)}</span>`).join(" ");
  if (keys === tokens) {
    const rollout = attentionRollout(attentions).data;
    maps.unshift(`<section>${map("rollout", (q, k) => rollout[q * time + k]!)}</section>`);
  }
  const legend =
    keys === tokens
      ? `Rows look, columns are looked at, in the order of the tokens: ${list(tokens)}`
      : `Rows look: ${list(tokens)}; columns are looked at: ${list(keys)}`;
  return page(title, `<p>${legend}</p>${maps.join("")}`);
}
