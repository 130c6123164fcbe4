/** A file's name is its idea: lower-case words with dashes, never a drawer. */
import { posix } from "node:path";
import type { Rule } from "../rule.ts";

const drawers = new Set(["util", "utils", "helper", "helpers", "type", "types", "common", "misc", "shared", "manager", "lib"]);
const wellNamed = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|config|d))*\.tsx?$/;

export const fileNames: Rule = {
  name: "file-names",
  *check(workspace) {
    for (const { path } of workspace.projects.flatMap((project) => project.sources)) {
      const name = posix.basename(path);
      const words = name.replace(/\..*$/, "");
      if (drawers.has(words) || /(^|-)(utils?|helpers?|manager)$/.test(words)) {
        yield {
          file: path,
          line: 1,
          message: `expected a file named after its one idea, got ${name}. Put each thing where it is used, or name the idea.`,
        };
      } else if (!wellNamed.test(name) && !/\.config\.ts$/.test(name)) {
        yield {
          file: path,
          line: 1,
          message: `expected lower-case words joined by dashes, such as frechet-distance.ts, got ${name}. Rename it.`,
        };
      }
    }
  },
};
