/** A bias audit as text and as an HTML page. */

import { escapeHtml } from "../escape-html.ts";
import type { BiasAudit, BiasGap } from "./bias-audit.ts";

type Cell = string;
interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The audit as aligned text, for a terminal. `!` marks what is above the tolerance, or too small a group to say. */
export function formatBiasAudit(audit: BiasAudit): string {
  return tablesOf(audit)
    .map(({ title, head, rows }) => {
      const lines = [head, ...rows];
      const widths = head.map((_, c) => Math.max(...lines.map((line) => [...line[c]!].length)));
      const text = lines.map((line) =>
        line
          .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
          .join("  ")
          .trimEnd(),
      );
      return `${title}\n${text.join("\n")}\n`;
    })
    .join("\n");
}

/** The audit as one HTML page without scripts; names are escaped. */
export function biasAuditHtml(audit: BiasAudit): string {
  const tables = tablesOf(audit).map(({ title, head, rows }) => {
    const line = (tag: "th" | "td", cells: readonly Cell[]): string =>
      `<tr>${cells.map((cell) => `<${tag}${cell.endsWith("!") ? ' class="flag"' : ""}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
    return `<h2>${escapeHtml(title)}</h2>\n<table><thead>${line("th", head)}</thead><tbody>\n${rows.map((row) => line("td", row)).join("\n")}\n</tbody></table>`;
  });
  const style =
    "body{font:14px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:right}td:first-child,th:first-child{text-align:left}.flag{background:#fdd}";
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Bias audit: ${escapeHtml(audit.column)}</title><style>${style}</style></head><body>\n<h1>Bias audit by ${escapeHtml(audit.column)}</h1>\n<p>Gaps above ${audit.tolerance} and small groups are marked. A gap says that groups are treated differently, not why.</p>\n${tables.join("\n")}\n</body></html>\n`;
}

function tablesOf(audit: BiasAudit): Table[] {
  const number = (value: number | undefined): Cell => (value === undefined || Number.isNaN(value) ? "–" : value.toFixed(3));
  const flag = (text: string, isFlagged: boolean): Cell => (isFlagged ? `${text} !` : text);
  const gapRow = (name: string, gap: BiasGap): Cell[] => [
    name,
    flag(number(gap.value), gap.isFlagged),
    gap.interval === undefined ? "–" : `${number(gap.interval[0])} … ${number(gap.interval[1])}`,
  ];
  const gaps = [
    gapRow("accuracy", audit.accuracy),
    ...(audit.calibration === undefined ? [] : [gapRow("calibration error", audit.calibration)]),
    ...audit.classes.flatMap(({ name, demographicParity, equalizedOdds }) => [
      gapRow(`${name}: demographic parity`, demographicParity),
      gapRow(`${name}: equalised odds`, equalizedOdds),
    ]),
  ];
  return [
    {
      title: `Groups of ${audit.column}`,
      head: ["group", "examples", "accuracy", "calibration error"],
      rows: audit.groups.map(({ group, count, accuracy, calibrationError, isSmall }) => [
        group,
        flag(String(count), isSmall),
        number(accuracy),
        number(calibrationError),
      ]),
    },
    { title: `Gaps between groups (tolerance ${audit.tolerance})`, head: ["gap", "value", "95 % interval"], rows: gaps },
    ...audit.classes.map(({ name, fairness }) => ({
      title: `Class ${name}`,
      head: ["group", "base rate", "selected", "true positive", "false positive", "precision"],
      rows: fairness.groups.map((rates) => [
        rates.group,
        number(rates.baseRate),
        number(rates.selectionRate),
        number(rates.truePositiveRate),
        number(rates.falsePositiveRate),
        number(rates.precision),
      ]),
    })),
  ];
}
