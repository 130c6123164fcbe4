/** A journal on disk: a line of JSON for each finished trial, flushed before the next is told. */

import { type FileHandle, open, readFile } from "node:fs/promises";
import { DataError } from "@dl/core";
import type { Journal, SearchIdentity, TrialRecord } from "../engine/trial-record.ts";

const format = "dl-search-1";

/**
 * A line that was cut off by a crash is dropped: its trial runs again.
 *
 * @throws DataError from `open` when the file is of another search, or broken before its last line.
 * @example
 * const journal = journalFile("runs/search-1/journal.jsonl");
 */
export function journalFile(path: string): Journal & AsyncDisposable {
  let file: FileHandle | undefined;
  return {
    async open(identity) {
      const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw error;
      });
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      const lines = whole.split("\n").slice(0, -1);
      file = await open(path, "a");
      // What follows must not be glued to half a line.
      if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
      if (lines.length === 0) {
        await write(file, { format, ...identity });
        return [];
      }
      const [head, ...records] = lines.map((line, i) => parse(path, line, i));
      checkIdentity(path, head, identity);
      return records.map((record, i) => checkRecord(path, record, i + 2));
    },
    async append(record) {
      if (!file) throw new DataError(`${path}: expected the journal to be open, got an append before.`);
      await write(file, record);
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
      file = undefined;
    },
  };
}

async function write(file: FileHandle, line: object): Promise<void> {
  await file.appendFile(`${JSON.stringify(line)}\n`);
  await file.datasync();
}

function parse(path: string, line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new DataError(`${path}:${index + 1}: expected a line of JSON, got ${JSON.stringify(line.slice(0, 40))}. Was the file edited?`);
  }
}

function checkIdentity(path: string, head: unknown, identity: SearchIdentity): void {
  const found = head as Partial<SearchIdentity> & { format?: unknown };
  if (typeof found !== "object" || found === null || found.format !== format) {
    throw new DataError(`${path}: expected a journal of format ${format}, got another file.`);
  }
  for (const name of ["space", "strategy", "objectives", "seed", "workers"] as const) {
    const [ours, theirs] = [JSON.stringify(identity[name]), JSON.stringify(found[name])];
    if (ours !== theirs) {
      throw new DataError(
        `${path}: expected a journal of this search, got one with another ${name}: ${clip(theirs)} rather than ${clip(ours)}. Give the search another file.`,
      );
    }
  }
}

function checkRecord(path: string, value: unknown, line: number): TrialRecord {
  const record = value as Partial<TrialRecord> | null;
  const isWhole =
    typeof record === "object" &&
    record !== null &&
    Number.isInteger(record.number) &&
    typeof record.key === "string" &&
    typeof record.genotype === "object" &&
    record.genotype !== null &&
    Object.values(record.genotype).every(Number.isFinite) &&
    (record.measurements === null || typeof record.measurements === "object");
  if (!isWhole) throw new DataError(`${path}:${line}: expected a finished trial, got ${clip(JSON.stringify(value))}. Was the file edited?`);
  return record as TrialRecord;
}

const clip = (text: string | undefined): string => (text === undefined ? "nothing" : text.length > 80 ? `${text.slice(0, 80)}…` : text);
