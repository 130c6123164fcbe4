/** A made-up file, to look at the panel with: who pays a loan back, told by a model that is surer than it should be, and less right about one town. */

import { Rng } from "@dl/core";

export const exampleName = "loans-example.csv";

export function exampleCsv(): string {
  const count = 600;
  const chance = new Rng(7).fork("loans").uniform([count, 4]).data;
  const rows = Array.from({ length: count }, (_, i) => {
    const [worth, luck, place, blur] = [0, 1, 2, 3].map((at) => chance[4 * i + at]!) as [number, number, number, number];
    const town = place < 0.55 ? "Northport" : place < 0.85 ? "Southfield" : "Eastbridge";
    const isPaid = luck < 0.12 + 0.76 * worth;
    // Of Eastbridge the model knows little.
    const seen = town === "Eastbridge" ? 0.35 * worth + 0.65 * blur : 0.85 * worth + 0.15 * blur;
    const paid = 1 / (1 + Math.exp(-9 * (seen - 0.5)));
    return [isPaid ? "paid" : "unpaid", paid >= 0.5 ? "paid" : "unpaid", paid.toFixed(4), (1 - paid).toFixed(4), town].join(",");
  });
  return `label,prediction,p_paid,p_unpaid,town\n${rows.join("\n")}\n`;
}
