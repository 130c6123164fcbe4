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

/** A cell's score at a milestone: the mean over the seeds. */
export function validationAt({ validation }: TableCell, milestone: number): number {
  return validation.reduce((sum, accuracies) => sum + accuracies[milestone]!, 0) / validation.length;
}
