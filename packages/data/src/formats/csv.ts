/** Comma-separated values. RFC 4180, and what is common beside it: other delimiters, a byte order mark, lone line feeds. */

import { DataError, OptionError } from "@dl/core";

export interface CsvOptions {
  /** What stands between cells. Default `","`. */
  delimiter?: string | undefined;
  /** For error messages. Default `"csv"`. */
  name?: string | undefined;
}

/** Cuts text into rows of cells, chunk by chunk: a row may be spread over any number of chunks. */
export class CsvParser {
  readonly #delimiter: string;
  readonly #name: string;
  #row: string[] = [];
  #cell = "";
  /** `start` of a cell, `plain` within one, within `quoted` text, or after a `quote` in it, which may be doubled or the end. */
  #place: "start" | "plain" | "quoted" | "quote" = "start";
  #afterReturn = false;
  #first: boolean;
  #line: number;

  /** @param line  Of the file, in which the text begins, from 1 on. */
  constructor({ delimiter = ",", name = "csv" }: CsvOptions = {}, line = 1) {
    if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
      throw new OptionError(`csv: expected a delimiter of one character, no quote and no end of line, got ${JSON.stringify(delimiter)}.`);
    }
    this.#delimiter = delimiter;
    this.#name = name;
    // A byte order mark is one only at the file's start.
    this.#first = line === 1;
    this.#line = line;
  }

  /** The rows that end in `chunk`. */
  push(chunk: string): string[][] {
    const rows: string[][] = [];
    const start = this.#first && chunk.startsWith("\ufeff") ? 1 : 0;
    if (chunk !== "") this.#first = false;
    for (let i = start; i < chunk.length; i++) {
      const character = chunk[i]!;
      const afterReturn = this.#afterReturn;
      this.#afterReturn = false;
      if (character === "\n" && !afterReturn) this.#line++;
      if (this.#place === "quoted") {
        if (character === '"') this.#place = "quote";
        else this.#cell += character;
      } else if (character === '"' && this.#place === "quote") {
        this.#cell += '"';
        this.#place = "quoted";
      } else if (character === '"' && this.#place === "start") this.#place = "quoted";
      else if (character === this.#delimiter) this.#endCell();
      else if (character === "\n" || character === "\r") {
        // The line feed after a carriage return ends nothing.
        if (character === "\n" && afterReturn) continue;
        this.#afterReturn = character === "\r";
        if (character === "\r") this.#line++;
        this.#endRow(rows);
      } else if (this.#place === "quote") {
        throw new DataError(
          `csv: expected a delimiter or the end of the line after a closing quote in ${this.#name}, got ${JSON.stringify(character)} in line ${this.#line}.`,
        );
      } else {
        this.#cell += character;
        this.#place = "plain";
      }
    }
    return rows;
  }

  /** The last row, if the text did not end with a line's end. */
  end(): string[][] {
    if (this.#place === "quoted") throw new DataError(`csv: expected a closing quote in ${this.#name}, got its end in line ${this.#line}.`);
    const rows: string[][] = [];
    if (this.#place !== "start" || this.#row.length > 0) this.#endRow(rows);
    return rows;
  }

  #endCell(): void {
    this.#row.push(this.#cell);
    this.#cell = "";
    this.#place = "start";
  }

  #endRow(rows: string[][]): void {
    // A line of nothing is no row.
    const empty = this.#row.length === 0 && this.#place === "start";
    this.#endCell();
    if (!empty) rows.push(this.#row);
    this.#row = [];
  }
}

/** Every cell of a text, row by row; the first row is a row like any other. */
export function parseCsv(text: string, options: CsvOptions = {}): string[][] {
  const parser = new CsvParser(options);
  return [...parser.push(text), ...parser.end()];
}

/** What a column holds. A missing number or boolean is `null`. */
export type CellType = "string" | "number" | "boolean";

export type Cell = string | number | boolean | null;

/** Rows by the names of a header. */
export type CsvRecord = Record<string, Cell>;

export interface CsvRecordOptions extends CsvOptions {
  /** What columns hold; those not named hold strings. */
  types?: Readonly<Record<string, CellType>> | undefined;
  /** Whether the first row names the columns. Default `true`. */
  header?: boolean | undefined;
  /** The names of the columns where there is no header: goes with `header: false`. */
  columns?: readonly string[] | undefined;
  /** What stands for a missing number or boolean, such as `["", "NA"]`: read as `null`, of which `value ?? Number.NaN` makes NaN. Spaces around it do not count. Default `[""]`. */
  missing?: readonly string[] | undefined;
}

/** Makes records of rows, the first of which must be the header unless `columns` names them. */
export class CsvRecordReader {
  readonly #types: Readonly<Record<string, CellType>>;
  readonly #missing: readonly string[];
  readonly #name: string;
  /** Where the names of the columns come from. */
  readonly #namedBy: "its header" | "columns";
  #header: readonly string[] | undefined;
  #rows = 0;
  #line: number | undefined;

  /** @param firstRow  The header, of a file opened past it. */
  constructor({ types = {}, name = "csv", header = true, columns, missing = [""] }: CsvRecordOptions = {}, firstRow?: readonly string[]) {
    checkColumns({ header, columns });
    this.#types = types;
    this.#missing = missing;
    this.#name = name;
    this.#namedBy = header ? "its header" : "columns";
    const names = columns ?? firstRow;
    if (names !== undefined) this.#setHeader(names);
  }

  /**
   * `undefined` for the header itself.
   *
   * @param line  Where the row begins in its file, for error messages. Default: rows are counted.
   */
  record(row: readonly string[], line?: number): CsvRecord | undefined {
    if (this.#header === undefined) {
      this.#setHeader(row);
      return undefined;
    }
    this.#rows++;
    this.#line = line;
    if (row.length !== this.#header.length) {
      throw new DataError(
        `csv: expected ${this.#header.length} cells in every row of ${this.#name}, as ${this.#namedBy} has, got ${row.length} in ${this.#place()}.`,
      );
    }
    return Object.fromEntries(this.#header.map((column, i) => [column, this.#cell(row[i]!, column)]));
  }

  #place(): string {
    return this.#line === undefined ? `row ${this.#rows}` : `line ${this.#line}`;
  }

  #setHeader(row: readonly string[]): void {
    if (new Set(row).size !== row.length)
      throw new DataError(
        `csv: expected different names in ${this.#namedBy === "columns" ? "columns for" : "the header of"} ${this.#name}, got ${row.join(", ")}.`,
      );
    for (const column of Object.keys(this.#types)) {
      if (!row.includes(column)) throw new DataError(`csv: expected a column ${column} in ${this.#name}, got ${row.join(", ")}.`);
    }
    this.#header = row;
  }

  #cell(text: string, column: string): Cell {
    const type = Object.hasOwn(this.#types, column) ? this.#types[column]! : "string";
    if (type === "string") return text;
    const trimmed = text.trim();
    if (this.#missing.includes(trimmed)) return null;
    const value = type === "number" ? numberOf(trimmed) : booleanOf(trimmed);
    if (value === undefined) {
      throw new DataError(
        `csv: expected a ${type} in column ${column} of ${this.#name}, got ${JSON.stringify(text)} in ${this.#place()}. If it stands for a missing one, name it in missing.`,
      );
    }
    return value;
  }
}

/** Either a header names the columns, or the caller does. */
export function checkColumns({ header = true, columns }: Pick<CsvRecordOptions, "header" | "columns">): void {
  if (header && columns !== undefined) {
    throw new OptionError(
      `csv: expected columns for a file without a header only, got ${columns.join(", ")}. Pass header: false too, or leave columns out.`,
    );
  }
  if (!header && columns === undefined) {
    throw new OptionError("csv: expected columns beside header: false, got none. Pass columns: the name of each, in order.");
  }
}

/** Records of a whole text. */
export function parseCsvRecords(text: string, options: CsvRecordOptions = {}): CsvRecord[] {
  const reader = new CsvRecordReader(options);
  return parseCsv(text, options)
    .map((row) => reader.record(row))
    .filter((record) => record !== undefined);
}

function numberOf(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const special = /^([+-]?)(?:inf|infinity)$/i.exec(text);
  if (special !== null) return special[1] === "-" ? -Infinity : Infinity;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
}

function booleanOf(text: string): boolean | undefined {
  if (/^(?:true|1)$/i.test(text)) return true;
  return /^(?:false|0)$/i.test(text) ? false : undefined;
}
