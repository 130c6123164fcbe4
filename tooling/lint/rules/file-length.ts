/** One idea per file: over 300 lines of code is long, over 500 fails. Blank lines and comments are free. */
import { codeLines } from "../../workspace/comments.ts";
import type { Rule } from "../rule.ts";

const long = 300;
const tooLong = 500;

export const fileLength: Rule = {
  name: "file-length",
  *check(workspace) {
    for (const source of workspace.projects.flatMap((project) => project.sources)) {
      if (source.text.split("\n").length <= long) continue;
      const lines = codeLines(source).size;
      if (lines <= long) continue;
      const severity = lines > tooLong ? "error" : "warning";
      const limit = lines > tooLong ? `at most ${tooLong}` : `about ${long}`;
      yield {
        file: source.path,
        line: 1,
        severity,
        message: `expected ${limit} lines of code, got ${lines}. Give each idea in it a file of its own.`,
      };
    }
  },
};
