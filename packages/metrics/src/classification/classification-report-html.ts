/** A classification report as an HTML table: bars behind the ratios, names escaped. */

import { OptionError } from "@dl/core";
import { escapeHtml } from "../escape-html.ts";
import type { ClassificationReport, FormatReportOptions, ReportRow } from "./classification-report.ts";

/**
 * The report as one `<table>`, styled in place, for a page or a notebook.
 *
 * @example
 * const confusion = new ConfusionMatrix({ classes: 2 });
 * confusion.update({ labels: [0, 1], predictions: [0, 1] });
 * const table = classificationReportHtml(classificationReport(confusion.result(), { names: ["cat", "<dog>"] }));
 * table.includes("&lt;dog&gt;"); // true
 */
export function classificationReportHtml(report: ClassificationReport, { digits = 3 }: FormatReportOptions = {}): string {
  if (!Number.isInteger(digits) || digits < 0 || digits > 20) {
    throw new OptionError(`classificationReportHtml: expected digits from 0 to 20, got ${digits}.`);
  }
  const ratio = (value: number): string => {
    if (Number.isNaN(value)) return `<td>–</td>`;
    const percent = Math.round(1000 * Math.min(1, Math.max(0, value))) / 10;
    return `<td style="background:linear-gradient(90deg,#9ecae1 ${percent}%,transparent ${percent}%)">${value.toFixed(digits)}</td>`;
  };
  const row = ({ name, precision, recall, f1, support }: ReportRow): string =>
    `<tr><th scope="row">${escapeHtml(name)}</th>${ratio(precision)}${ratio(recall)}${ratio(f1)}<td>${support}</td></tr>`;
  const accuracy = `<tr><th scope="row">accuracy</th><td></td><td></td>${ratio(report.accuracy)}<td>${report.macroAverage.support}</td></tr>`;
  return [
    `<table class="classification-report">`,
    `<thead><tr><th></th><th>precision</th><th>recall</th><th>F1</th><th>support</th></tr></thead>`,
    `<tbody>${report.classes.map(row).join("\n")}</tbody>`,
    `<tfoot>${accuracy}\n${row(report.macroAverage)}\n${row(report.weightedAverage)}</tfoot>`,
    `</table>`,
  ].join("\n");
}
