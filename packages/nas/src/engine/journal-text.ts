/** A journal as text: a line that says which search it is of, then a line of JSON for each finished trial. */

import { DataError } from "@dl/core";
import type { SearchIdentity, TrialRecord, TrialReport } from "./trial-record.ts";

const format = "dl-search-1";

/** A journal's first line, without its end. */
export function journalHead(identity: SearchIdentity): string {
  return JSON.stringify({ format, ...identity });
}

/**
 * The trials of a journal; of a text that is empty, none. A last line without its end is left out: its trial runs again.
 *
 * @param options.file  Named in errors.
 * @throws DataError for a journal of another search, or one that is broken before its last line.
 */
export function readJournal(text: string, { identity, file }: { identity: SearchIdentity; file: string }): TrialRecord[] {
  const lines = text.split("\n").slice(0, -1);
  if (lines.length === 0) return [];
  const [head, ...records] = lines.map((line, i) => parse(line, { file, number: i + 1 }));
  checkIdentity(head, { file, identity });
  return records.map((record, i) => checkRecord(record, { file, number: i + 2 }));
}

interface Place {
  readonly file: string;
  /** Of the line, from 1. */
  readonly number: number;
}

function parse(line: string, { file, number }: Place): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new DataError(`${file}:${number}: expected a line of JSON, got ${JSON.stringify(line.slice(0, 40))}. Was the file edited?`);
  }
}

function checkIdentity(head: unknown, { file, identity }: { file: string; identity: SearchIdentity }): void {
  const found = head as Partial<SearchIdentity> & { format?: unknown };
  if (typeof found !== "object" || found === null || found.format !== format) {
    throw new DataError(`${file}: expected a journal of format ${format}, got another file.`);
  }
  for (const name of ["space", "strategy", "objectives", "seed", "workers"] as const) {
    const [ours, theirs] = [JSON.stringify(identity[name]), JSON.stringify(found[name])];
    if (ours !== theirs) {
      throw new DataError(
        `${file}: expected a journal of this search, got one with another ${name}: ${clip(theirs)} rather than ${clip(ours)}. Give the search another file.`,
      );
    }
  }
}

function checkRecord(value: unknown, { file, number }: Place): TrialRecord {
  const record = value as Partial<TrialRecord> | null;
  const isWhole =
    typeof record === "object" &&
    record !== null &&
    Number.isInteger(record.number) &&
    typeof record.key === "string" &&
    typeof record.genotype === "object" &&
    record.genotype !== null &&
    Object.values(record.genotype).every(Number.isFinite) &&
    (record.measurements === null || typeof record.measurements === "object") &&
    (record.reports === undefined || (Array.isArray(record.reports) && record.reports.every(isReport))) &&
    (record.elapsed === undefined || Number.isFinite(record.elapsed));
  if (!isWhole)
    throw new DataError(`${file}:${number}: expected a finished trial, got ${clip(JSON.stringify(value))}. Was the file edited?`);
  return record as TrialRecord;
}

const isReport = (report: Partial<TrialReport> | null): boolean => Number.isFinite(report?.step) && Number.isFinite(report?.score);
const clip = (text: string | undefined): string => (text === undefined ? "nothing" : text.length > 80 ? `${text.slice(0, 80)}…` : text);
