/** Tables as data sets that can be inspected: CSV, TSV, JSON Lines and Parquet files, one split each. */

import { basename, extname } from "node:path";
import { DataError, type HostTensor } from "@dl/core";
import type { DataStream, Dataset, Example } from "@dl/data";
import { csvFile, jsonlFile, parquetFile } from "@dl/data/node";

type Row = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<string, (path: string) => DataStream<unknown>>> = {
  ".csv": (path) => csvFile(path).map(cellValues),
  ".tsv": (path) => csvFile(path, { delimiter: "\t" }).map(cellValues),
  ".jsonl": jsonlFile,
  ".ndjson": jsonlFile,
  ".parquet": parquetFile,
};

/** What the names of tables end in. */
export const tableEndings: readonly string[] = Object.keys(readers);

export function isTable(path: string): boolean {
  return tableEndings.includes(extname(path).toLowerCase());
}

export interface TableOptions {
  /** The column whose values are the classes. Without it there are none. */
  label?: string | undefined;
  /** Rows read of each table, at the most. */
  limit?: number | undefined;
}

/**
 * A split for each table, named after its file. Numbers are float64, booleans bool, and texts int32: equal where the texts are, in every
 * table. A missing cell is NaN, a missing label −1. A row that cannot be read is a DataError when it is asked for.
 */
export async function openTables(paths: readonly string[], { label, limit = Infinity }: TableOptions): Promise<Record<string, Dataset>> {
  const tables = new Map<string, (Row | DataError)[]>();
  for (const path of paths) {
    const name = basename(path, extname(path));
    if (tables.has(name)) throw new DataError(`dl inspect: expected tables of different names, got ${paths.join(", ")}.`);
    tables.set(name, await readTable(path, { label, limit }));
  }
  const values = [...tables.values()].flatMap((rows) =>
    rows.flatMap((row) => (row instanceof DataError || label === undefined ? [] : [row[label]])),
  );
  const classes = label === undefined ? undefined : classesOf(values);
  const codes = new Map<string, number>();
  const encode = (row: Row): Example => {
    const example: Example = {};
    for (const [column, value] of Object.entries(row))
      example[column] = column === label ? classTensor(value, classes!) : cellTensor(value, codes);
    return example;
  };
  const splits: Record<string, Dataset> = {};
  for (const [name, rows] of tables) {
    const get = (index: number): Example => {
      const row = rows[index]!;
      if (row instanceof DataError) throw row;
      return encode(row);
    };
    splits[name] = { length: rows.length, classNames: classes && [...classes.keys()], get };
  }
  return splits;
}

/** The rows, all with the same columns: what one has and another has not is missing there. */
async function readTable(path: string, { label, limit }: { label: string | undefined; limit: number }): Promise<(Row | DataError)[]> {
  const cursor = readers[extname(path).toLowerCase()]!(path).open();
  const rows: (Row | DataError)[] = [];
  const columns = new Set<string>();
  try {
    while (rows.length < limit) {
      try {
        const step = await cursor.next();
        if (step.done) break;
        rows.push(asRow(step.value, { path, row: rows.length + 1 }));
        for (const column of Object.keys(step.value as Row)) columns.add(column);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        rows.push(error);
      }
    }
  } finally {
    await cursor.close();
  }
  const [first] = rows;
  if (columns.size === 0) {
    if (first instanceof DataError) throw first;
    throw new DataError(`${path}: expected a table with rows and columns, got none.`);
  }
  if (label !== undefined && !columns.has(label)) {
    throw new DataError(`${path}: expected a column ${label}, which --label names, got ${[...columns].join(", ")}.`);
  }
  const names = [...columns];
  return rows.map((row) => (row instanceof DataError ? row : Object.fromEntries(names.map((name) => [name, row[name] ?? null]))));
}

function asRow(value: unknown, { path, row }: { path: string; row: number }): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  throw new DataError(`${path}: expected an object with a value a column in row ${row}, got ${JSON.stringify(value)}.`);
}

/** CSV knows texts only: those that are numbers are meant so, and empty ones are missing. */
function cellValues(record: Row): Row {
  return Object.fromEntries(Object.entries(record).map(([column, cell]) => [column, cellValue(cell as string)]));
}

function cellValue(cell: string): unknown {
  const text = cell.trim();
  if (text === "") return null;
  if (/^nan$/i.test(text)) return NaN;
  const value = Number(text);
  return Number.isNaN(value) ? cell : value;
}

/** Each class and its place: numbers by size, then texts by their letters. */
function classesOf(values: readonly unknown[]): Map<string, number> {
  const kinds = new Map(values.filter((value) => !isMissing(value)).map((value) => [textOf(value), value]));
  const sorted = [...kinds].sort(([left, a], [right, b]) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
    return left < right ? -1 : 1;
  });
  return new Map(sorted.map(([name], place) => [name, place]));
}

function classTensor(value: unknown, classes: ReadonlyMap<string, number>): HostTensor {
  return { shape: [], dtype: "int32", data: Int32Array.of(isMissing(value) ? -1 : classes.get(textOf(value))!) };
}

function cellTensor(value: unknown, codes: Map<string, number>): HostTensor {
  if (typeof value === "number" || isMissing(value))
    return { shape: [], dtype: "float64", data: Float64Array.of(isMissing(value) ? NaN : (value as number)) };
  if (typeof value === "boolean") return { shape: [], dtype: "bool", data: Uint8Array.of(value ? 1 : 0) };
  const text = textOf(value);
  const code = codes.get(text) ?? codes.size;
  codes.set(text, code);
  return { shape: [], dtype: "int32", data: Int32Array.of(code) };
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));
}

/** Equal for equal values, of lists and records too. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === "bigint") return String(inner);
    return ArrayBuffer.isView(inner) ? Array.from(inner as Uint8Array).join(" ") : inner;
  });
}
