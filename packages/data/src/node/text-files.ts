/** Text files as streams: lines, JSON Lines, CSV. All may be compressed with gzip; all go on from any place. */

import { DataError } from "@dl/core";
import { CsvParser, type CsvRecord, type CsvRecordOptions, CsvRecordReader } from "../formats/csv.ts";
import { parseJsonLine } from "../formats/jsonl.ts";
import { DataStream } from "../streams/data-stream.ts";
import { recordStream } from "./record-stream.ts";

/**
 * The lines of a UTF-8 text file, without their ends.
 *
 * @example no-run
 * for await (const line of textLines("corpus.txt.gz")) console.log(line);
 */
export function textLines(path: string): DataStream<string> {
  return recordStream(path).map(({ text }) => text);
}

/**
 * The values of a JSON Lines file; empty lines are passed over.
 *
 * @throws DataError, when it is read, for a line that is not JSON.
 */
export function jsonlFile(path: string): DataStream<unknown> {
  return recordStream(path)
    .filter(({ text }) => text.trim() !== "")
    .map(({ text, number }) => parseJsonLine(text, { name: path, line: number }));
}

/**
 * The rows of a CSV file whose first row names the columns.
 *
 * @example no-run
 * const reviews = csvFile("reviews.tsv", { delimiter: "\t", types: { stars: "number" } });
 * for await (const { text, stars } of reviews) console.log(stars, text);
 */
export function csvFile(path: string, options: CsvRecordOptions = {}): DataStream<CsvRecord> {
  const { delimiter = ",", name = path } = options;
  const records = recordStream(path, { delimiter });
  const cellsOf = (text: string): string[] | undefined => {
    const parser = new CsvParser({ delimiter, name });
    const rows = [...parser.push(text), ...parser.end()];
    if (rows.length > 1) throw new DataError(`csv: expected rows of ${name} to end with a line feed, got a carriage return alone.`);
    return rows[0];
  };
  return new DataStream((place) => {
    // The place before anything is read, the header included, is null.
    const state = place ?? undefined;
    let reader: CsvRecordReader | undefined;
    const cursor = records.open(state);
    return {
      next: async () => {
        if (reader === undefined) {
          // A pass that goes on in the middle reads the header first, at the file's start.
          for await (const { text } of records.take(1)) reader = new CsvRecordReader({ ...options, name }, cellsOf(text) ?? []);
          if (reader === undefined) throw new DataError(`csv: expected a header in ${name}, got an empty file.`);
          if (state === undefined) await cursor.next();
        }
        for (;;) {
          const step = await cursor.next();
          if (step.done) return step;
          const cells = cellsOf(step.value.text);
          if (cells !== undefined) return { done: false, value: reader.record(cells)! };
        }
      },
      state: () => (reader === undefined && state === undefined ? null : cursor.state()),
      close: () => cursor.close(),
    };
  });
}
