/** `report.html`: one file that shows a run. It loads nothing from anywhere. */

import type { ClassificationReport } from "@dl/metrics";
import { type ConfusionView, renderConfusion } from "./confusion-heat-map.ts";
import { type LineChart, renderLineChart } from "./line-chart.ts";
import { html, Markup } from "./markup.ts";
import { reportStyle } from "./report-style.ts";
import { renderReportTable } from "./report-table.ts";
import { type MistakeView, renderMistakes } from "./worst-mistakes.ts";

/** A name with a value. */
export interface ReportItem {
  readonly name: string;
  readonly value: string;
}

/** What a report shows; parts that are not there are left out. */
export interface RunReport {
  /** What was trained: `LeNet on MNIST`. */
  readonly title: string;
  /** One sentence under the title. */
  readonly subtitle?: string;
  /** The results, in large type: `test accuracy`, `98.91 %`. */
  readonly highlights?: readonly ReportItem[];
  /** Recipe, device, seed, versions, duration, command. */
  readonly summary: readonly ReportItem[];
  readonly charts?: readonly LineChart[];
  readonly confusion?: ConfusionView;
  readonly classification?: ClassificationReport;
  readonly mistakes?: readonly MistakeView[];
}

/**
 * The report as an HTML document. Every text in it is escaped, and its content policy forbids scripts and requests.
 *
 * @example
 * await run.write("report.html", renderRunReport({ title: "LeNet on MNIST", summary: [{ name: "seed", value: "1" }] }));
 */
export function renderRunReport(report: RunReport): string {
  const { title, subtitle, highlights = [], summary, charts = [], confusion, classification, mistakes = [] } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<main>
<header><p class="overline">Training report</p><h1>${title}</h1>${subtitle !== undefined && html`<p class="subtitle">${subtitle}</p>`}</header>
${highlights.length > 0 && html`<dl class="highlights">${highlights.map(({ name, value }) => html`<div class="card"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
${charts.length > 0 && html`<div class="charts">${charts.map(renderLineChart)}</div>`}
${confusion !== undefined && renderConfusion(confusion)}
${mistakes.length > 0 && renderMistakes(mistakes)}
${classification !== undefined && renderReportTable(classification)}
<section class="card"><h2>Run</h2><dl class="summary">${summary.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>
<footer>Written by @dl/train. Nothing in this file loads from the network.</footer>
</main>
</body>
</html>
`;
  return page.html;
}
