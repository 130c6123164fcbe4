/** The tabular benchmark as it is committed: what every cell of the space came to, with every seed. */

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export interface TableCell {
  readonly key: string;
  readonly parameters: number;
  /** For each seed, the accuracy on validation digits at each milestone. */
  readonly validation: readonly (readonly number[])[];
  /** For each seed, at the end. */
  readonly test: readonly number[];
}

export interface CellTable {
  readonly format: "dl-nas-table-1";
  readonly operations: readonly string[];
  /** The milestones. */
  readonly epochs: readonly number[];
  readonly seeds: readonly number[];
  readonly device: string;
  readonly node: string;
  readonly cells: readonly TableCell[];
}

export const tableFile: URL = new URL("./digit-cells.json.gz", import.meta.url);

export function readTable(file: URL = tableFile): CellTable {
  if (!existsSync(file)) {
    throw new Error(
      `readTable: expected the table at ${file.pathname}, got none. Make it: node --conditions=@dl/source --import tsx packages/nas/learning/table/make-table.ts journal.jsonl`,
    );
  }
  const table = JSON.parse(gunzipSync(readFileSync(file)).toString()) as CellTable;
  if (table.format !== "dl-nas-table-1") throw new Error(`readTable: expected format dl-nas-table-1, got ${table.format}.`);
  return table;
}

/** Epochs of a whole trial: every seed to the end. */
export function fullBudget({ epochs, seeds }: Pick<CellTable, "epochs" | "seeds">): number {
  return epochs.at(-1)! * seeds.length;
}

/**
 * What a trial with a budget of epochs sees of a cell: the first seed after so many, or, with the full budget, the mean of all seeds at the end.
 *
 * @throws Error for a budget the table has no accuracy of.
 */
export function scoreAt(table: Pick<CellTable, "epochs" | "seeds">, { key, validation }: TableCell, budget: number): number {
  if (budget === fullBudget(table)) return validation.reduce((sum, accuracies) => sum + accuracies.at(-1)!, 0) / validation.length;
  const milestone = table.epochs.indexOf(budget);
  if (milestone < 0)
    throw new Error(`scoreAt: expected ${table.epochs.join(", ")} or ${fullBudget(table)} epochs of ${key}, got ${budget}.`);
  return validation[0]![milestone]!;
}
