/** Before and after: as data, as text, and as a page in the style of the training report. */

import { formatCount, formatMetric, html, type Markup, type ReportItem, renderReportPage } from "@dl/train";
import type { ModelMeasure } from "./measure-model.ts";

export interface CompressionReport {
  /** What was compressed: `LeNet on MNIST, int8`. */
  readonly title: string;
  /** One sentence: how. */
  readonly subtitle?: string;
  readonly before: ModelMeasure;
  readonly after: ModelMeasure;
  /** Device, command, versions. Default none. */
  readonly summary?: readonly ReportItem[];
}

/** One line of the comparison. */
export interface ComparedCost {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** `7.9× smaller`, `−0.12 points`; empty where nothing changed. */
  readonly change: string;
}

/** The comparison, line by line. */
export function compareMeasures({ before, after }: Pick<CompressionReport, "before" | "after">): ComparedCost[] {
  const costs = [
    { name: "file", of: ({ bytes }: ModelMeasure) => bytes, format: formatBytes, less: "smaller", more: "larger" },
    { name: "parameters", of: ({ parameters }: ModelMeasure) => parameters, format: formatCount, less: "fewer", more: "more" },
    { name: "not zero", of: ({ nonZeros }: ModelMeasure) => nonZeros, format: formatCount, less: "fewer", more: "more" },
    { name: "FLOPs an input", of: ({ flops }: ModelMeasure) => flops, format: formatCount, less: "fewer", more: "more" },
    { name: "latency", of: ({ latency }: ModelMeasure) => latency, format: formatLatency, less: "faster", more: "slower" },
  ] as const;
  const rows = costs.map(({ name, of, format, less, more }) => {
    const [from, to] = [of(before), of(after)];
    const change = from === to || from === 0 || to === 0 ? "" : to < from ? `${ratio(from / to)}× ${less}` : `${ratio(to / from)}× ${more}`;
    return { name, before: format(from), after: format(to), change };
  });
  const metrics = Object.entries(after.metrics).map(([name, to]) => {
    const from = before.metrics[name];
    const isShare = /accuracy$/i.test(name);
    const change = from === undefined || from === to ? "" : signed(isShare ? 100 * (to - from) : to - from, isShare ? 2 : 4);
    return {
      name,
      before: from === undefined ? "–" : formatMetric(name, from),
      after: formatMetric(name, to),
      change: isShare && change ? `${change} points` : change,
    };
  });
  return [...rows, ...metrics];
}

/** An aligned table. */
export function formatCompression(report: CompressionReport): string {
  const rows = [
    ["", "before", "after", ""],
    ...compareMeasures(report).map(({ name, before, after, change }) => [name, before, after, change]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 1 || i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
  return [report.title, ...lines].join("\n");
}

/** One file that loads nothing from anywhere; every text is escaped. */
export function renderCompression(report: CompressionReport): string {
  const { title, subtitle, before, after, summary = [] } = report;
  const rows = compareMeasures(report);
  const own = new Map(before.layers.map((layer) => [layer.path, layer]));
  const layers = after.layers.map(({ path, kind, parameters, nonZeros, flops }) => {
    const old = own.get(path);
    return [
      path || "(model)",
      kind,
      old ? formatCount(old.parameters) : "–",
      formatCount(parameters),
      formatCount(nonZeros),
      old ? formatCount(old.flops) : "–",
      formatCount(flops),
    ];
  });
  const shown = rows.filter(({ name, change }) => change !== "" && (name === "file" || name in after.metrics)).slice(0, 4);
  return renderReportPage({
    overline: "Compression report",
    title,
    ...(subtitle !== undefined && { subtitle }),
    highlights: shown.map(({ name, change }) => ({ name, value: change })),
    body: [
      table("Before and after", {
        columns: ["", "before", "after", "change"],
        rows: rows.map((row) => [row.name, row.before, row.after, row.change]),
      }),
      table("Layers", {
        columns: ["layer", "kind", "parameters before", "after", "not zero", "FLOPs before", "after"],
        rows: layers,
      }),
    ],
    summary,
    writer: "@dl/compress",
  });
}

/** Names on the left, values beside them. */
function table(title: string, { columns, rows }: { columns: readonly string[]; rows: readonly (readonly string[])[] }): Markup {
  return html`<section class="card">
<h2>${title}</h2>
<div class="scroll"><table class="numbers">
<thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([name, ...values]) => html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>`)}</tbody>
</table></div>
</section>`;
}

function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function formatLatency(milliseconds: number): string {
  return `${milliseconds.toPrecision(3)} ms`;
}

function ratio(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}
