/** A confusion matrix to look at: right answers in one colour, wrong ones in another, and the pairs confused most often. */

import { type HostTensor, ShapeError } from "@dl/core";
import { formatCount } from "../quantity.ts";
import { html, type Markup } from "./markup.ts";

export interface ConfusionView {
  /** Counts `[C, C]`: row = true class, column = predicted. */
  readonly matrix: HostTensor;
  /** Names of the classes, in order. */
  readonly names: readonly string[];
}

/** Counts fit into the cells up to here; up to `mostCells` the colours alone are shown, beyond that only the pairs. */
const mostCounts = 20;
const mostCells = 100;
const pairsShown = 10;

export interface ConfusedPair {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
}

/** The off-diagonal counts above 0, largest first. */
export function confusedPairs({ data, shape }: HostTensor): ConfusedPair[] {
  const classes = shape[0]!;
  const pairs: ConfusedPair[] = [];
  for (let i = 0; i < data.length; i++) {
    const [label, prediction] = [Math.floor(i / classes), i % classes];
    if (label !== prediction && data[i]! > 0) pairs.push({ label, prediction, count: data[i]! });
  }
  return pairs.sort((a, b) => b.count - a.count);
}

export function renderConfusion({ matrix, names }: ConfusionView): Markup {
  const classes = names.length;
  if (matrix.shape.length !== 2 || matrix.shape[0] !== classes || matrix.shape[1] !== classes) {
    throw new ShapeError(
      `confusion heat map: expected counts [${classes}, ${classes}] for ${classes} names, got [${matrix.shape.join(", ")}].`,
    );
  }
  const pairs = confusedPairs(matrix);
  return html`<section class="card confusion">
<h2>Confusion matrix</h2>
<div class="split">
${
  classes <= mostCells &&
  html`<div class="scroll"><table class="heat${classes > mostCounts && " dense"}">
<caption>Rows: true class. Columns: predicted class.</caption>
<thead><tr><td></td>${names.map((name) => html`<th scope="col"><span>${name}</span></th>`)}</tr></thead>
<tbody>${names.map((name, row) => html`<tr><th scope="row">${name}</th>${names.map((_, column) => cell(matrix, names, row, column, pairs[0]?.count ?? 1))}</tr>`)}</tbody>
</table></div>`
}
<div class="pairs"><h3>Confused most often</h3>
${
  pairs.length === 0
    ? html`<p class="quiet">Nothing was confused.</p>`
    : html`<ol>${pairs.slice(0, pairsShown).map(({ label, prediction, count }) => html`<li><span class="names"><b>${names[label]}</b> taken for <b>${names[prediction]}</b></span><span class="count">${formatCount(count)}</span></li>`)}</ol>`
}
</div>
</div>
</section>`;
}

/** Right answers are coloured by their share of the row; wrong ones by the root of their share of the worst pair, so that rare ones show. */
function cell({ data }: HostTensor, names: readonly string[], row: number, column: number, worst: number): Markup {
  const classes = names.length;
  const count = data[row * classes + column]!;
  let total = 0;
  for (let c = 0; c < classes; c++) total += data[row * classes + c]!;
  const share = total === 0 ? 0 : count / total;
  const depth = row === column ? share : Math.sqrt(count / worst) * 0.8;
  const style = count === 0 ? "none" : `${row === column ? "right" : "wrong"}${depth > 0.5 ? " deep" : ""}`;
  const title = `true ${names[row]}, predicted ${names[column]}: ${formatCount(count)} (${(100 * share).toFixed(1)} %)`;
  return html`<td class="${style}" style="--depth:${depth.toFixed(3)}" title="${title}">${classes <= mostCounts && (count === 0 ? "·" : formatCount(count))}</td>`;
}
