/**
 * docs/results.md: what tools measured, a section each, between markers. No line of it is written by hand.
 *
 * A tool replaces its own section and leaves the others alone; a section that is not there yet goes to its place by name.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The file every tool writes to. */
export const resultsFile: string = fileURLToPath(new URL("../../docs/results.md", import.meta.url));

export interface Section {
  /** Unique in the file, and its place: sections are sorted by name. Lower-case letters, digits, `-` and `/`. */
  readonly name: string;
  /** Markdown, heading included. */
  readonly body: string;
}

const preamble = `# Results

What was measured, and with which command. Tools write this file (\`tooling/results\`): each replaces its own section.
`;

const begin = (name: string): string => `<!-- begin ${name} -->`;
const end = (name: string): string => `<!-- end ${name} -->`;

/** `text` with the section put in, or put in the place of an older one. */
export function replaceSection(text: string, { name, body }: Section): string {
  if (!/^[a-z0-9]+([-/][a-z0-9]+)*$/.test(name)) {
    throw new Error(`replaceSection: expected a name of lower-case words joined by - or /, got ${JSON.stringify(name)}.`);
  }
  if (/<!-- (begin|end) /.test(body)) throw new Error(`replaceSection: expected a body without markers, got one in section ${name}.`);
  const block = `${begin(name)}\n\n${body.trim()}\n\n${end(name)}\n`;
  const start = text.indexOf(`${begin(name)}\n`);
  if (start >= 0) {
    const stop = text.indexOf(`${end(name)}\n`, start);
    if (stop < 0) throw new Error(`replaceSection: expected ${end(name)} after ${begin(name)}, got none. Restore the file, or delete it.`);
    return text.slice(0, start) + block + text.slice(stop + end(name).length + 1);
  }
  const before = text === "" ? preamble : text;
  const later = [...before.matchAll(/^<!-- begin (\S+) -->\n/gm)].find(([, other]) => other! > name);
  if (later === undefined) return `${before.trimEnd()}\n\n${block}`;
  return `${before.slice(0, later.index)}${block}\n${before.slice(later.index)}`;
}

/** Replaces a section of a file, which is made if need be. */
export async function writeSection(file: string, section: Section): Promise<void> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return "";
  });
  await mkdir(dirname(file), { recursive: true });
  // A reader sees the old file or the new one.
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, replaceSection(text, section));
  await rename(draft, file);
}
