/** The table of `pnpm bench:devices`, for the terminal and for docs/results.md. */

import { formatMeasurement } from "../report/table.ts";
import type { DeviceCase, DeviceRow } from "./run-devices.ts";

type Line = readonly [who: string, device: string, time: string, ratio: string, memory: string, launches: string];

const head: Line = ["", "on", "a call", "× the first", "peak memory", "kernels"];

function lineOf({ name, device, timing, ratio, peakBytes, launches }: DeviceRow): Line {
  const { median, min, max } = ratio;
  const range = min === max ? "" : ` (${min.toFixed(2)}–${max.toFixed(2)})`;
  return [
    name,
    device,
    formatMeasurement(timing),
    `${median.toFixed(2)}${range}`,
    `${Math.round(peakBytes / 2 ** 20)} MiB`,
    launches === null ? "–" : String(launches),
  ];
}

export function textTable(cases: readonly DeviceCase[]): string {
  return cases
    .map(({ title, rows, absent }) => {
      const lines = [head, ...rows.map(lineOf)];
      const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
      const table = lines.map((line) =>
        line
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd(),
      );
      return [title, ...table, ...absent.map(({ name, reason }) => `no ${name}: ${reason}`)].join("\n");
    })
    .join("\n\n");
}

export function markdown(cases: readonly DeviceCase[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return cases
    .map(({ title, rows, absent }) => {
      const table = [line(head), line(head.map(() => "---")), ...rows.map((row) => line(lineOf(row)))].join("\n");
      const missing = absent.map(({ name, reason }) => `\n${name}: ${reason.replaceAll("|", "\\|")}`).join("\n");
      return `### ${title}\n\n${table}${missing === "" ? "" : `\n\nNot there:\n${missing}`}`;
    })
    .join("\n\n");
}
