/** The comments of a source, by TypeScript's own scanner: a `//` inside a string or template is none. */
import ts from "typescript";
import type { Source } from "./workspace.ts";

export interface Comment {
  readonly text: string;
  /** Position in the source's text. */
  readonly position: number;
}

/** Every comment of a source, in order. */
export function commentsOf(source: Source): Comment[] {
  const found = new Map<number, Comment>();
  const collect = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) found.set(pos, { text: source.text.slice(pos, end), position: pos });
  };
  // Comments stand before a token or after it on its line; walking all tokens finds each of them.
  const visit = (node: ts.Node): void => {
    collect(ts.getLeadingCommentRanges(source.text, node.getFullStart()));
    collect(ts.getTrailingCommentRanges(source.text, node.getEnd()));
    for (const child of node.getChildren(source.ast)) visit(child);
  };
  visit(source.ast);
  return [...found.values()].sort((a, b) => a.position - b.position);
}

/** Lines that hold code: neither blank nor comment only. */
export function codeLines(source: Source): Set<number> {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source.ast);
    if (children.length === 0 && node.getEnd() > node.getStart(source.ast)) {
      const first = source.ast.getLineAndCharacterOfPosition(node.getStart(source.ast)).line;
      const last = source.ast.getLineAndCharacterOfPosition(node.getEnd()).line;
      for (let line = first; line <= last; line++) lines.add(line + 1);
    }
    for (const child of children) visit(child);
  };
  visit(source.ast);
  return lines;
}
