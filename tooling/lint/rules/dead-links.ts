/** Every relative link of a Markdown file leads to something that is there. */
import { posix } from "node:path";
import type { Rule } from "../rule.ts";

export const deadLinks: Rule = {
  name: "dead-links",
  *check(workspace) {
    const files = [...workspace.files.keys()];
    for (const [path, text] of workspace.files) {
      if (!path.endsWith(".md") || path.startsWith(".changeset/")) continue;
      for (const [index, line] of withoutCode(text).split("\n").entries()) {
        for (const [, target = ""] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
          const link = target.replace(/#.*$/, "");
          if (link === "" || /^[a-z]+:/.test(link) || !readable.test(link)) continue;
          const wanted = posix.join(posix.dirname(path), link).replace(/\/$/, "");
          if (files.some((file) => file === wanted || file.startsWith(`${wanted}/`))) continue;
          yield {
            file: path,
            line: index + 1,
            message: `expected ${target} to be there, got nothing at ${wanted}. Write it, or link to where it is now.`,
          };
        }
      }
    }
  },
};

/** What the workspace reads: folders, Markdown, sources and manifests. Other files are not known, so links to them are not judged. */
const readable = /(^|\/)[^./]*$|\.(md|tsx?)$|(^|\/)package\.json$/;

/** The same lines, those of code blocks empty. */
function withoutCode(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```/gm, (block) => block.replace(/[^\n]/g, ""));
}
