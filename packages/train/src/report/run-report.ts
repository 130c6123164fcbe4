/** `report.html`: one file that shows a run. It loads nothing from anywhere. */

import type { ClassificationReport } from "@dl/metrics";
import { type ConfusionView, renderConfusion } from "./confusion-heat-map.ts";
import { type LineChart, renderLineChart } from "./line-chart.ts";
import { html } from "./markup.ts";
import { type ReportItem, renderReportPage } from "./report-page.ts";
import { renderReportTable } from "./report-table.ts";
import { type MistakeView, renderMistakes } from "./worst-mistakes.ts";

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
  const body = [
    charts.length > 0 && html`<div class="charts">${charts.map(renderLineChart)}</div>`,
    confusion !== undefined && renderConfusion(confusion),
    mistakes.length > 0 && renderMistakes(mistakes),
    classification !== undefined && renderReportTable(classification),
  ];
  return renderReportPage({
    ...{ overline: "Training report", writer: "@dl/train", title, highlights, summary, body },
    ...(subtitle !== undefined && { subtitle }),
  });
}
