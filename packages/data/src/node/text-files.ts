/** Text files as streams: lines, JSON Lines, CSV. All may be compressed with gzip; all go on from any place. */

import { DataError } from "@dl/core";
import { CsvParser, type CsvRecord, type CsvRecordOptions, CsvRecordReader, checkColumns } from "../formats/csv.ts";
import { parseJsonLine } from "../formats/jsonl.ts";
import { DataStream, type StreamCursor } from "../streams/data-stream.ts";
import { recordStream, type TextRecord } from "./record-stream.ts";

export interface TextFileOptions {
  /** What the file is encoded in: any label that `TextDecoder` knows, such as `"windows-1252"` or `"utf-16le"`. Default `"utf-8"`. */
  encoding?: string | undefined;
}

export interface CsvFileOptions extends CsvRecordOptions, TextFileOptions {}

/**
 * The lines of a text file, without their ends.
 *
 * @throws DataError, when it is read, for a line that is not text in its encoding.
 * @example no-run
 * for await (const line of textLines("corpus.txt.gz")) console.log(line);
 */
export function textLines(path: string, { encoding }: TextFileOptions = {}): DataStream<string> {
  return recordStream(path, { encoding }).map(({ text }) => text);
}

/**
 * The values of a JSON Lines file; empty lines are passed over.
 *
 * @throws DataError, when it is read, for a line that is not JSON, or not text in its encoding.
 */
export function jsonlFile(path: string, { encoding }: TextFileOptions = {}): DataStream<unknown> {
  return recordStream(path, { encoding })
    .filter(({ text }) => text.trim() !== "")
    .map(({ text, line }) => parseJsonLine(text, { name: path, line }));
}

/**
 * The rows of a CSV file, by the names that its first row gives the columns, or `columns` with `header: false`.
 *
 * @example no-run
 * const reviews = csvFile("reviews.tsv", { delimiter: "\t", types: { stars: "number" } });
 * for await (const { text, stars } of reviews) console.log(stars, text);
 */
export function csvFile(path: string, options: CsvFileOptions = {}): DataStream<CsvRecord> {
  const { delimiter = ",", name = path, encoding } = options;
  checkColumns(options);
  const records = recordStream(path, { delimiter, encoding });
  /** Nothing for a blank line. */
  const cellsOf = ({ text, line }: TextRecord): string[] | undefined => {
    const parser = new CsvParser({ delimiter, name }, line);
    const rows = [...parser.push(text), ...parser.end()];
    if (rows.length > 1) {
      throw new DataError(`csv: expected rows of ${name} to end with a line feed, got a carriage return alone in line ${line}.`);
    }
    return rows[0];
  };
  const readHeader = async (cursor: StreamCursor<TextRecord>): Promise<CsvRecordReader> => {
    for (;;) {
      const step = await cursor.next();
      if (step.done) throw new DataError(`csv: expected a header in ${name}, got none in the whole file.`);
      const cells = cellsOf(step.value);
      if (cells !== undefined) return new CsvRecordReader({ ...options, name }, cells);
    }
  };
  return new DataStream((place) => {
    // The place before anything is read, the header included, is null; −1 once there is no header to read on with.
    const state = place ?? undefined;
    let lost = state === -1;
    let reader = options.header === false ? new CsvRecordReader({ ...options, name }) : undefined;
    const cursor = records.open(lost ? undefined : state);
    return {
      next: async () => {
        if (lost) return { done: true, value: undefined };
        if (reader === undefined) {
          // A pass that goes on in the middle reads the header first, at the file's start.
          const start = state === undefined ? cursor : records.open();
          try {
            reader = await readHeader(start);
          } catch (error) {
            lost = true;
            throw error;
          } finally {
            if (start !== cursor) await start.close();
          }
        }
        for (;;) {
          const step = await cursor.next();
          if (step.done) return step;
          const cells = cellsOf(step.value);
          if (cells !== undefined) return { done: false, value: reader.record(cells, step.value.line)! };
        }
      },
      state: () => (lost ? -1 : reader === undefined && state === undefined ? null : cursor.state()),
      close: () => cursor.close(),
    };
  });
}
