/** Every source opens with what it is and where it comes from. */
import type { Rule } from "../rule.ts";

export const fileHeader: Rule = {
  name: "file-header",
  *check(workspace) {
    for (const source of workspace.projects.flatMap((project) => project.sources)) {
      if (source.isTest || /\.config\.ts$/.test(source.path)) continue;
      const body = source.text.replace(/^#!.*\n/, "");
      const header = /^\/\*\*([\s\S]*?)\*\//.exec(body)?.[1]?.replace(/[\s*]/g, "") ?? "";
      if (header.length > 0) continue;
      const got = JSON.stringify(body.split("\n")[0]?.slice(0, 60) ?? "");
      yield {
        file: source.path,
        line: 1,
        message: `expected the file to open with /** what it is, and its source. */, got ${got}. Say in a sentence what a reader finds here.`,
      };
    }
  },
};
