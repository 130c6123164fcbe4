/** The classification report as a table with bars. */

import type { ClassificationReport, ReportRow } from "@dl/metrics";
import { formatCount } from "../quantity.ts";
import { html, type Markup } from "./markup.ts";

export function renderReportTable({ classes, accuracy, macroAverage, weightedAverage }: ClassificationReport): Markup {
  return html`<section class="card">
<h2>By class</h2>
<div class="scroll"><table class="numbers">
<thead><tr><th scope="col">class</th><th scope="col">precision</th><th scope="col">recall</th><th scope="col">F1</th><th scope="col">examples</th></tr></thead>
<tbody>${classes.map(renderRow)}</tbody>
<tfoot>
<tr><th scope="row">accuracy</th><td></td><td></td>${share(accuracy)}<td>${formatCount(macroAverage.support)}</td></tr>
${renderRow({ ...macroAverage, name: "macro average" })}
${renderRow({ ...weightedAverage, name: "weighted average" })}
</tfoot>
</table></div>
</section>`;
}

function renderRow({ name, precision, recall, f1, support }: ReportRow): Markup {
  return html`<tr><th scope="row">${name}</th>${share(precision)}${share(recall)}${share(f1)}<td>${formatCount(support)}</td></tr>`;
}

function share(value: number): Markup {
  if (Number.isNaN(value)) return html`<td>–</td>`;
  return html`<td class="share" style="--share:${(100 * value).toFixed(1)}%"><span>${value.toFixed(4)}</span></td>`;
}
