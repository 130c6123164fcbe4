/** Results of the claims as a table. */

import type { ClaimResult } from "./measure.ts";

const rate = (value: number): string => (value >= 1e6 ? `${(value / 1e6).toFixed(1)} million` : Math.round(value).toLocaleString("en"));

export function markdown(results: readonly ClaimResult[]): string {
  const rows = results.map(({ claim, ours, theirs, ratio, met }) => {
    const other = typeof theirs === "number" ? rate(theirs) : `no ${claim.peer}: ${theirs}`;
    const times = ratio ? `${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)})` : "";
    const floor =
      claim.floor === undefined
        ? "told, not promised"
        : `${met === undefined ? "not judged: " : met ? "met: " : "MISSED: "}≥ ${claim.floor}×`;
    return `| ${claim.title} | ${claim.unit} | ${rate(ours)} | ${claim.peer} | ${other} | ${times} | ${floor} |`;
  });
  return [
    "| case | a second | @dl/rl | beside | theirs | times as fast | floor |",
    "| --- | --- | ---: | --- | ---: | ---: | --- |",
    ...rows,
  ].join("\n");
}
