/** A run's metrics as a table: one row a step that was logged. */

import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { OptionError } from "@dl/core";
import { formatCsvRow, parseCsv } from "../csv.ts";
import { errorCode, FileError, fileError } from "./file-error.ts";
import { writeFileAtomic } from "./write-file-atomic.ts";

/** One row: the step, and metrics by name. A metric that is not there leaves its cell empty. */
export interface MetricsRow {
  readonly step: number;
  readonly [metric: string]: number | string | undefined;
}

export interface MetricsCsvOptions {
  /** The step of the checkpoint this run goes on from: rows of later steps are dropped. Default: none, and the file must not be there. */
  readonly resumedStep?: number;
}

/**
 * Appends rows to a CSV file. The first row names the columns, `step` first; a later row with a new metric adds its column, and the
 * file is replaced as a whole, rows before it with an empty cell.
 *
 * @example
 * await using log = await MetricsCsv.open("metrics.csv");
 * await log.append({ step: 938, "train loss": 0.21, "validation accuracy": 0.97 });
 */
export class MetricsCsv {
  readonly path: string;
  readonly #columns: string[];
  #file: FileHandle | undefined;
  /** Bytes of whole rows. */
  #length: number;
  #queue: Promise<void> = Promise.resolve();

  private constructor(path: string, columns: string[], file: FileHandle, length: number) {
    this.path = path;
    this.#columns = columns;
    this.#file = file;
    this.#length = length;
  }

  static async open(path: string, { resumedStep }: MetricsCsvOptions = {}): Promise<MetricsCsv> {
    if (resumedStep !== undefined && !(Number.isInteger(resumedStep) && resumedStep >= 0)) {
      throw new OptionError(`MetricsCsv.open: expected a whole resumedStep of at least 0, got ${resumedStep}.`);
    }
    const columns = resumedStep === undefined ? [] : await dropRowsAfter(path, resumedStep);
    try {
      const file = await open(path, columns.length > 0 ? "r+" : "wx");
      return new MetricsCsv(path, columns, file, (await file.stat()).size);
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        throw new FileError(`MetricsCsv.open: expected no file at ${path}, but there is one. Resume that run, or choose another folder.`);
      }
      throw fileError("MetricsCsv.open", `to open ${path}`, error);
    }
  }

  /** Adds a row; rows come in the order of the calls, awaited or not. */
  append(row: MetricsRow): Promise<void> {
    const appended = this.#queue.then(() => this.#append(row));
    // The caller gets the error; the row after it gets its own try.
    this.#queue = appended.catch(() => {});
    return appended;
  }

  /** Waits for every row, flushes to the disk and closes. A second call does nothing. */
  async close(): Promise<void> {
    await this.#queue;
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.sync();
    } finally {
      await file?.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #append(row: MetricsRow): Promise<void> {
    if (this.#file === undefined) throw new FileError(`MetricsCsv.append: expected an open file, got ${this.path} after close().`);
    if (!Number.isInteger(row.step) || row.step < 0) {
      throw new OptionError(`MetricsCsv.append: expected a whole step of at least 0, got ${row.step}.`);
    }
    const added = Object.keys(row).filter((name) => name !== "step" && !this.#columns.includes(name));
    if (this.#columns.length === 0) {
      const columns = ["step", ...added];
      await this.#write(formatCsvRow(columns) + formatCsvRow(cellsOf(row, columns)));
      this.#columns.push(...columns);
      return;
    }
    if (added.length > 0) await this.#addColumns(added);
    await this.#write(formatCsvRow(cellsOf(row, this.#columns)));
  }

  async #write(text: string): Promise<void> {
    const file = this.#file!;
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; ) {
        at += (await file.write(bytes, at, bytes.length - at, this.#length + at)).bytesWritten;
      }
      this.#length += bytes.length;
    } catch (error) {
      // No half row stays behind.
      await file.truncate(this.#length).catch(() => {});
      throw fileError("MetricsCsv.append", `to append a row to ${this.path}`, error);
    }
  }

  async #addColumns(added: readonly string[]): Promise<void> {
    const { rows } = parseCsv(await readFile(this.path, "utf8"));
    const empty = added.map(() => "");
    await writeFileAtomic(this.path, rows.map((cells, i) => formatCsvRow([...cells, ...(i === 0 ? added : empty)])).join(""));
    // The old handle is of the file that was replaced.
    const file = await open(this.path, "r+");
    await this.#file!.close();
    this.#file = file;
    this.#length = (await file.stat()).size;
    this.#columns.push(...added);
  }
}

/** Leaves the rows up to `step`, and returns the columns; none if there is no file, or nothing in it. */
async function dropRowsAfter(path: string, step: number): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw fileError("MetricsCsv.open", `to read ${path}`, error);
  }
  const [header = [], ...rows] = parseCsv(text).rows;
  if (header.length === 0) {
    // The run died before its first row was whole.
    await rm(path);
    return [];
  }
  if (header[0] !== "step") {
    throw new FileError(
      `MetricsCsv.open: expected a table whose first column is "step" at ${path}, got ${JSON.stringify(header[0])}. Move it away.`,
    );
  }
  const kept = rows.filter(([cell]) => Number(cell) <= step);
  await writeFileAtomic(path, [header, ...kept].map((cells) => formatCsvRow(cells)).join(""));
  return [...header];
}

function cellsOf(row: MetricsRow, columns: readonly string[]): string[] {
  return columns.map((name) => (row[name] === undefined ? "" : String(row[name])));
}
