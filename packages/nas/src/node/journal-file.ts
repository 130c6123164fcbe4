/** A journal on disk: a line of JSON for each finished trial, flushed before the next is told. */

import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "@dl/core";
import { journalHead, readJournal } from "../engine/journal-text.ts";
import type { Journal } from "../engine/trial-record.ts";

/**
 * A line that was cut off by a crash is dropped: its trial runs again. Folders that are not there are made.
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
      // Before anything is written: what is no journal of this search is left as it is.
      const records = readJournal(whole, { identity, file: path });
      if (whole === "" && !journalHead(identity).startsWith(text)) {
        throw new DataError(`${path}: expected a journal of this search, got another file. Give the search another file.`);
      }
      await mkdir(dirname(path), { recursive: true });
      file = await open(path, "a");
      // What follows must not be glued to half a line.
      if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
      if (whole === "") await write(file, journalHead(identity));
      return records;
    },
    async append(record) {
      if (!file) throw new DataError(`${path}: expected the journal to be open, got an append before.`);
      await write(file, JSON.stringify(record));
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
      file = undefined;
    },
  };
}

async function write(file: FileHandle, line: string): Promise<void> {
  await file.appendFile(`${line}\n`);
  await file.datasync();
}
