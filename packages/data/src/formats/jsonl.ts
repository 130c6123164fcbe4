/** JSON Lines: one value a line. jsonlines.org. */

import { DataError } from "@dl/core";

export interface JsonlOptions {
  /** For error messages. Default `"jsonl"`. */
  name?: string | undefined;
}

/** The values of a text; empty lines are passed over. */
export function parseJsonl(text: string, { name = "jsonl" }: JsonlOptions = {}): unknown[] {
  return text
    .replace(/^\ufeff/, "")
    .split("\n")
    .flatMap((line, i) => (line.trim() === "" ? [] : [parseJsonLine(line, { name, line: i + 1 })]));
}

/** One value; the error names the line. */
export function parseJsonLine(text: string, { name, line }: { name: string; line: number }): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`jsonl: expected JSON in line ${line} of ${name}, got: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** A value as a line of a file, its end included. @throws DataError for what JSON has no form for, as NaN, which would become null unsaid. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (key, part: unknown) => {
    if (typeof part !== "number" || Number.isFinite(part)) return part;
    throw new DataError(
      `jsonl: expected numbers that JSON can write, got ${part}${key && ` at ${JSON.stringify(key)}`}. Write null for none.`,
    );
  }) as string | undefined;
  if (text === undefined) throw new DataError(`jsonl: expected a value that JSON can write, got ${typeof value}.`);
  return `${text}\n`;
}
