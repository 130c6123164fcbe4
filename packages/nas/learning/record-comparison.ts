/** The comparison of strategies as a section of docs/results.md. */

import { resultsFile, writeSection } from "@dl/tooling/results";
import { type Curve, regretAt } from "./compare-strategies.ts";
import { mannWhitney } from "./mann-whitney.ts";
import { type CellTable, fullBudget } from "./table/read-table.ts";

/** Shares of the epochs at which the curves are shown. */
const shares = [1 / 4, 1 / 3, 1 / 2, 1] as const;

export async function recordComparison(
  table: CellTable,
  { curves, epochs, seeds }: { curves: ReadonlyMap<string, readonly Curve[]>; epochs: number; seeds: number },
): Promise<void> {
  const random = curves.get("random search")!;
  const at = (list: readonly Curve[], spent: number): number[] => list.map((curve) => regretAt(curve, spent));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const percent = (value: number): string => (100 * value).toFixed(2);
  const rows = [...curves].map(([name, list]) => {
    const { p } = mannWhitney(at(random, epochs), at(list, epochs));
    const regrets = shares.map((share) => percent(mean(at(list, share * epochs))));
    return `| ${name} | ${regrets.join(" | ")} | ${name === "random search" ? "" : p < 1e-4 ? p.toExponential(1) : p.toFixed(4)} | ${percent(mean(list.map(({ test }) => test)))} |`;
  });
  const body = [
    "## Search strategies on cells for digits",
    "",
    `Mean regret in points of validation accuracy after a share of ${epochs} epochs (${epochs / fullBudget(table)} whole trials, of ${fullBudget(table)} epochs), over ${seeds} seeds; the test accuracy of what was found.`,
    "",
    "| strategy | at ¼ | at ⅓ | at ½ | at the end | p against random search | test accuracy |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
    `${table.cells.length} distinct cells, each trained with ${table.seeds.length} seeds by \`packages/nas/learning/table/make-table.ts\` (Node ${table.node}, ${table.device}). p: Mann–Whitney U, one-sided, on the regrets at the end. Written by \`pnpm test:learning packages/nas\`.`,
  ].join("\n");
  await writeSection(resultsFile, { name: "learning/nas-strategies", body });
}
