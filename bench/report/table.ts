/** The table, for the terminal and for docs/results.md. */

import { type PeerName, peerTitles } from "../case.ts";
import { verdictOf } from "../measure/judge.ts";
import type { CaseResult, Measurement, PeerResult } from "../measure/run-case.ts";
import { type BenchReport, engineName } from "./bench-report.ts";

type Row = readonly [name: string, ours: string, peer: string, theirs: string, ratio: string, floor: string];

const head: Row = ["case", "@dl", "beside", "theirs", "ours / theirs", "floor"];

/** A line a peer. */
export function rowsOf(result: CaseResult): Row[] {
  const rate = result.gflops === undefined ? "" : `, ${result.gflops.toFixed(1)} GFLOPS`;
  const ours = `${formatMeasurement(result.ours)}${rate}`;
  return Object.entries(result.peers).map(([name, peer], i): Row => {
    const title = peerTitles[name as PeerName];
    const first = i === 0;
    // A floor of no peer, such as a rate, stands in the first line.
    const floors = result.floors.filter(({ peer = Object.keys(result.peers)[0] }) => peer === name);
    const floor = floors.map(verdictOf).join("; ");
    const start = [first ? result.title : "", first ? ours : ""] as const;
    if (typeof peer === "string") return [...start, `no ${title}`, "", peer, floor];
    return [...start, title, formatMeasurement(peer.measurement), formatRatio(peer), floor];
  });
}

function formatRatio({ ratio: { median, min, max } }: PeerResult): string {
  const digits = max < 0.1 ? 3 : 2;
  const range = min === max ? "" : ` (${min.toFixed(digits)}–${max.toFixed(digits)})`;
  return `${median.toFixed(digits)}${range}`;
}

export function formatMeasurement(measurement: Measurement): string {
  if ("peakBytes" in measurement) return `${Math.round(measurement.peakBytes / 2 ** 20)} MiB`;
  const { median, min, max } = measurement;
  const [scale, unit] = median >= 1 ? [1, "ms"] : [1000, "µs"];
  const [middle, low, high] = [median, min, max].map((value) => significant(value * scale));
  return `${middle} ${unit} (${low}–${high})`;
}

/** Three digits that count, and no exponents. */
function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Columns padded with spaces. */
export function textTable(results: readonly CaseResult[]): string {
  const rows = [head, ...results.flatMap(rowsOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The section of docs/results.md. */
export function markdown(report: BenchReport): string {
  const { device, versions, machine, command, seed, threads } = report;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = [line(head), line(head.map(() => "---")), ...report.cases.flatMap(rowsOf).map(line)].join("\n");
  const gibibytes = Math.round(machine.memoryBytes / 2 ** 30);
  return `## Bench: Node ${versions.node}, ${device}

\`${command}\`, seed ${seed}, ${threads} threads; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")};
${machine.processor}, ${machine.cores} cores, ${gibibytes} GiB, ${machine.system}. Medians of turns taken in alternation, (least–most); the ratio is turn by turn.
All numbers: \`bench/results/${engineName(report)}.json\`.

${table}`;
}
