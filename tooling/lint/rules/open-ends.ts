/** What is left to do stands in an issue; a comment may point there. */
import { commentsOf } from "../../workspace/comments.ts";
import { lineAt } from "../../workspace/workspace.ts";
import type { Rule } from "../rule.ts";

const marker = /\b(TODO|FIXME|XXX|HACK)\b/;
const issue = /#\d+|\bissue \d+/i;

export const openEnds: Rule = {
  name: "open-ends",
  *check(workspace) {
    for (const source of workspace.projects.flatMap((project) => project.sources)) {
      if (!marker.test(source.text)) continue;
      for (const { text, position } of commentsOf(source)) {
        const found = marker.exec(text);
        if (found === null || issue.test(text)) continue;
        yield {
          file: source.path,
          line: lineAt(source, position + found.index),
          message: `expected an issue number beside ${found[0]}, got ${JSON.stringify(text.slice(0, 80))}. Do it now, or open an issue and write ${found[0]} (#number).`,
        };
      }
    }
  },
};
