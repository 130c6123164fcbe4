/** The `@example`s of a source's TSDoc. */
import { commentsOf } from "../workspace/comments.ts";
import { lineAt, type Source } from "../workspace/workspace.ts";
import { markdownSnippets } from "./markdown-snippets.ts";
import type { Snippet } from "./snippet.ts";

/** Every `@example` of a source, in order: in a ```ts block, or as bare code up to the next tag. `@example no-run` is not run. */
export function exampleSnippets(source: Source): Snippet[] {
  if (!source.text.includes("@example")) return [];
  return commentsOf(source)
    .filter(({ text }) => text.startsWith("/**"))
    .flatMap(({ text, position }) => {
      const firstLine = lineAt(source, position);
      const lines = text
        .replace(/\s*\*\/$/, "")
        .split(/\r?\n/)
        .map((line) => line.replace(/^\s*\/?\*+ ?/, ""));
      return lines.flatMap((line, index) => {
        const [, words] = /^@example\b\s*(.*)$/.exec(line) ?? [];
        if (words === undefined) return [];
        const next = lines.findIndex((candidate, at) => at > index && /^@\w/.test(candidate));
        const body = lines.slice(index + 1, next < 0 ? lines.length : next);
        const start = firstLine + index + 1;
        const runs = !words.split(/\s+/).includes("no-run");
        const fenced = markdownSnippets(body.join("\n"), source.path);
        if (fenced.length > 0) return fenced.map((snippet) => ({ ...snippet, line: snippet.line + start - 1, runs: snippet.runs && runs }));
        return [{ file: source.path, line: start, code: body.join("\n").trimEnd(), runs }];
      });
    });
}
