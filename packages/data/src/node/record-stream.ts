/** A text file as a stream of its records: lines, or rows of CSV whose quoted cells may hold ends of lines. */

import { DataError } from "@dl/core";
import { DataStream, type StreamCursor, type StreamState } from "../streams/data-stream.ts";
import { encodingNamed, textBytes } from "./text-bytes.ts";

export interface TextRecord {
  /** Without the end of its line. */
  readonly text: string;
  /** The line it begins in, from 1 on. */
  readonly line: number;
}

export interface RecordOptions {
  /** The delimiter of CSV: ends of lines within quotes do not end a record. Default: a record is a line. */
  delimiter?: string | undefined;
  /** What the file is encoded in: any label that `TextDecoder` knows. Default `"utf-8"`. */
  encoding?: string | undefined;
}

/** A record longer than this is no record: a file without ends of lines must not fill the memory. */
const longest = 1 << 28;

/** Throws a `DataError`, when it is read, for a record that is not text in the encoding; of UTF-8, those behind it follow. */
export function recordStream(path: string, { delimiter, encoding = "utf-8" }: RecordOptions = {}): DataStream<TextRecord> {
  const known = encodingNamed(encoding);
  return new DataStream((state) => new RecordCursor(path, { delimiter, encoding: known, state }));
}

class RecordCursor implements StreamCursor<TextRecord> {
  readonly #path: string;
  readonly #delimiter: number;
  readonly #encoding: string;
  #chunks: AsyncGenerator<Uint8Array, void, undefined> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  /** Where the next record begins, in bytes of the decompressed file, or of UTF-8 where it is something else; −1 once it could not be read on. */
  #offset: number;
  /** Ends of lines passed. */
  #number: number;
  #ended = false;

  constructor(
    path: string,
    { delimiter, encoding, state }: { delimiter: string | undefined; encoding: string; state: StreamState | undefined },
  ) {
    const { offset, number } = (state ?? { offset: 0, number: 0 }) as { offset: number; number: number };
    this.#path = path;
    this.#encoding = encoding;
    this.#delimiter = delimiter?.charCodeAt(0) ?? -1;
    this.#offset = offset;
    this.#number = number;
  }

  async next(): Promise<IteratorResult<TextRecord, undefined>> {
    const start = this.#offset;
    const found = await this.#guardedRecord();
    if (found === undefined) return { done: true, value: undefined };
    const line = this.#number + 1;
    this.#number += 1 + (this.#delimiter < 0 ? 0 : endsOfLines(found));
    const text = this.#decoded(found, { line, start });
    return { done: false, value: { text: text.endsWith("\r") ? text.slice(0, -1) : text, line } };
  }

  #decoded(bytes: Uint8Array, { line, start }: { line: number; start: number }): string {
    try {
      // A byte order mark is one only at the file's start.
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: line > 1 }).decode(bytes);
    } catch {
      throw new DataError(
        `DataStream: expected ${this.#path} to be UTF-8, got other bytes in line ${line}, which begins at byte ${start}. Pass the file's encoding, such as { encoding: "windows-1252" } or "utf-16le", or convert it to UTF-8.`,
      );
    }
  }

  async #guardedRecord(): Promise<Uint8Array | undefined> {
    if (this.#offset < 0) return undefined;
    try {
      return await this.#record();
    } catch (error) {
      this.#offset = -1;
      await this.#chunks?.return();
      throw error;
    }
  }

  /** The bytes of the next record; moves past the end of its line. */
  async #record(): Promise<Uint8Array | undefined> {
    this.#chunks ??= textBytes(this.#path, { encoding: this.#encoding, start: this.#offset });
    const scan = new RecordScan({ delimiter: this.#delimiter, atFileStart: this.#offset === 0 });
    for (;;) {
      const end = scan.find(this.#rest);
      if (end >= 0) {
        const record = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + 1);
        this.#offset += end + 1;
        return record;
      }
      if (this.#ended) break;
      const { done, value } = await this.#chunks.next();
      if (done) {
        this.#ended = true;
        continue;
      }
      if (this.#rest.length + value.length > longest) {
        throw new DataError(
          `DataStream: expected records of at most ${longest} bytes in ${this.#path}, got a longer one after line ${this.#number}.`,
        );
      }
      const joined = new Uint8Array(this.#rest.length + value.length);
      joined.set(this.#rest);
      joined.set(value, this.#rest.length);
      this.#rest = joined;
    }
    if (this.#rest.length === 0) return undefined;
    // The last record may lack the end of its line.
    const record = this.#rest;
    this.#rest = new Uint8Array(0);
    this.#offset += record.length;
    return record;
  }

  state(): StreamState {
    return { offset: this.#offset, number: this.#number };
  }

  async close(): Promise<void> {
    await this.#chunks?.return();
  }
}

const [newline, carriageReturn, quote] = [10, 13, 34];
const byteOrderMark = [0xef, 0xbb, 0xbf];

function endsOfLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(newline!); at >= 0; at = bytes.indexOf(newline!, at + 1)) count++;
  return count;
}

/** Looks for the end of one record in a growing array, each byte once. Quotes count as `CsvParser` counts them. */
class RecordScan {
  readonly #delimiter: number;
  readonly #atFileStart: boolean;
  #at = 0;
  #place: "start" | "plain" | "quoted" | "quote" = "start";

  constructor({ delimiter, atFileStart }: { delimiter: number; atFileStart: boolean }) {
    this.#delimiter = delimiter;
    this.#atFileStart = atFileStart;
  }

  /** Where the line feed stands that ends the record; −1 if not yet there. */
  find(bytes: Uint8Array): number {
    if (this.#delimiter < 0) {
      const end = bytes.indexOf(newline!, this.#at);
      if (end < 0) this.#at = bytes.length;
      return end;
    }
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at]!;
      if (this.#place === "quoted") {
        if (byte === quote) this.#place = "quote";
      } else if (byte === newline) return this.#at;
      // A quote within a plain cell is a letter; one right after a closing quote opens again.
      else if (byte === quote && this.#place !== "plain") this.#place = "quoted";
      else if (byte === this.#delimiter || byte === carriageReturn) this.#place = "start";
      else if (!(this.#atFileStart && byte === byteOrderMark[this.#at])) this.#place = "plain";
    }
    return -1;
  }
}
