/** Predictions as a table: CSV, JSON records, or columns in JSON, and what each column seems to be. */

import { DataError } from "@dl/core";
import { parseCsvRecords } from "@dl/data";

/** Columns of cells as text, all of one length. */
export interface Table {
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly rows: number;
}

/** What the columns are taken for. */
export interface Roles {
  readonly label: string;
  readonly prediction: string | undefined;
  /** Probabilities: one column a class, or one of the yes. */
  readonly scores: readonly string[];
  readonly group: string | undefined;
}

const mostRows = 200_000;
/** A column with more different values is no group. */
const mostGroups = 20;

/**
 * Reads a file of predictions.
 *
 * @throws DataError for what is no table, or has too little in it.
 */
export function readTable(name: string, text: string): Table {
  const records = /^\s*[[{]/.test(text) ? jsonRecords(name, text) : (parseCsvRecords(text, { name }) as Record<string, unknown>[]);
  if (records.length < 2)
    throw new DataError(`${name}: expected a header and at least two rows, got ${records.length}. Each row is one example.`);
  if (records.length > mostRows)
    throw new DataError(`${name}: expected at most ${mostRows} rows, got ${records.length}. Take a sample of it.`);
  const columns = new Map(Object.keys(records[0]!).map((column) => [column, records.map((record) => cell(record[column]))] as const));
  if (columns.size < 2)
    throw new DataError(
      `${name}: expected at least a column of labels and one of predictions, got ${columns.size} column. Is the separator a comma?`,
    );
  return { columns, rows: records.length };
}

function cell(value: unknown): string {
  return value === null || value === undefined ? "" : String(value).trim();
}

/** `[{…}, …]`, `{ rows: [{…}] }`, or `{ label: […], prediction: […] }`. */
function jsonRecords(name: string, text: string): Record<string, unknown>[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`${name}: expected JSON, but it is damaged or cut off (${(error as Error).message}).`);
  }
  const isRecord = (one: unknown): one is Record<string, unknown> => typeof one === "object" && one !== null && !Array.isArray(one);
  if (isRecord(value)) {
    const lists = Object.entries(value).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]) && entry[1].length > 0);
    const records = lists.find(([, list]) => list.every(isRecord))?.[1];
    if (records) value = records;
    else {
      const length = lists[0]?.[1].length ?? 0;
      const uneven = lists.find(([, list]) => list.length !== length);
      if (uneven)
        throw new DataError(
          `${name}: expected columns of one length, got ${length} in "${lists[0]![0]}" and ${uneven[1].length} in "${uneven[0]}".`,
        );
      value = Array.from({ length }, (_, row) => Object.fromEntries(lists.map(([column, list]) => [column, list[row]])));
    }
  }
  if (!Array.isArray(value) || !value.every(isRecord)) {
    throw new DataError(`${name}: expected a list of records, or an object of columns, such as {"label": […], "prediction": […]}.`);
  }
  return value.map(spread);
}

/** A cell with a list of probabilities becomes a cell a class. */
function spread(record: Record<string, unknown>): Record<string, unknown> {
  if (!Object.values(record).some(Array.isArray)) return record;
  return Object.fromEntries(
    Object.entries(record).flatMap(([column, value]) =>
      Array.isArray(value) ? value.map((one, c): [string, unknown] => [`${column}_${c}`, one]) : [[column, value] as [string, unknown]],
    ),
  );
}

const labelNames = /^(true|truth|y|y_?true|label|labels|target|actual|class|gold)$/i;
const predictionNames = /^(pred|preds|prediction|predictions|predicted|y_?pred|y_?hat|output|answer)$/i;
const scoreNames = /^(p|prob|probs|probability|probabilities|score|scores|confidence|proba)([_ .:-].*)?$/i;

/**
 * A first guess, which the user may change.
 *
 * @throws DataError when no column can be the label.
 */
export function guessRoles({ columns, rows }: Table): Roles {
  const names = [...columns.keys()];
  const scores = names.filter((name) => scoreNames.test(name) && columns.get(name)!.every(isShare));
  const left = names.filter((name) => !scores.includes(name));
  const label = left.find((name) => labelNames.test(name)) ?? left[0];
  if (label === undefined) throw new DataError("Expected a column of true labels beside the probabilities, got none.");
  const prediction =
    left.find((name) => predictionNames.test(name)) ??
    left.find((name) => name !== label && sameValues(columns.get(name)!, columns.get(label)!));
  const isGroup = (name: string): boolean => {
    const different = new Set(columns.get(name)).size;
    return name !== label && name !== prediction && different >= 2 && different <= Math.min(mostGroups, rows / 2);
  };
  return { label, prediction, scores, group: left.find(isGroup) };
}

function isShare(text: string): boolean {
  const number = Number(text);
  return text !== "" && number >= 0 && number <= 1;
}

/** Whether every value of one column stands in the other. */
function sameValues(column: readonly string[], other: readonly string[]): boolean {
  const known = new Set(other);
  return column.every((value) => known.has(value));
}
