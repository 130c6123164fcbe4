/** Parts of a data report in words, for text and for the page. */

import type { ClassDifference } from "./inspect-data.ts";
import type { SplitReport } from "./inspect-split.ts";

/** `3`, or that none were looked for, and why. */
export function describeDoubtful({ labelNoise, notJudged }: Pick<SplitReport, "labelNoise" | "notJudged">): string {
  return notJudged === undefined ? String(labelNoise.length) : `not looked for: ${notJudged}`;
}

/** `test has other classes than train: without cat, and with bird`. */
export function describeClassDifference({ split, from, missing, added }: ClassDifference): string {
  if (missing.length + added.length === 0) return `${split} has the classes of ${from} in another order`;
  const parts = [missing.length > 0 ? `without ${missing.join(", ")}` : "", added.length > 0 ? `with ${added.join(", ")}` : ""];
  return `${split} has other classes than ${from}: ${parts.filter((part) => part !== "").join(", and ")}`;
}
