/** The TypeScript blocks of a Markdown file. */

import type { Snippet } from "./snippet.ts";

/** Every ```ts block of a Markdown text, in order. */
export function markdownSnippets(markdown: string, file: string): Snippet[] {
  const found: Snippet[] = [];
  const lines = markdown.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const opening = /^(\s*)```ts(?:\s+(.*))?$/.exec(lines[at] ?? "");
    if (opening === null) continue;
    const [, indent = "", words = ""] = opening;
    const start = at + 1;
    const closing = lines.findIndex((line, index) => index >= start && line.trim() === "```");
    const end = closing < 0 ? lines.length : closing;
    const code = lines.slice(start, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    found.push({ file, line: start + 1, code: code.join("\n"), runs: !words.split(/\s+/).includes("no-run") });
    at = end;
  }
  return found;
}

/** Packages that a README tells its reader to install: `npm install @dl/nn @dl/backend-wasm`. */
export function installedPackages(markdown: string): string[] {
  const command = /^\s*(?:npm (?:install|i|add)|pnpm add)\s+(.+)$/m.exec(markdown)?.[1] ?? "";
  return command.split(/\s+/).filter((word) => word !== "" && !word.startsWith("-"));
}
