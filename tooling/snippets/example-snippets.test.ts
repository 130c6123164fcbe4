import { expect, test } from "vitest";
import { workspaceOf } from "../workspace/workspace.ts";
import { exampleSnippets } from "./example-snippets.ts";

const examples = (text: string) => {
  const files = new Map([
    ["package.json", '{"name":"dl"}'],
    ["a.ts", text],
  ]);
  return exampleSnippets(workspaceOf(files).projects[0]!.sources[0]!);
};

test("bare code ends at the next tag or at the end of the comment", () => {
  const text = "/**\n * Adds.\n * @example\n * add(1, 2); // 3\n *   indented();\n * @throws never\n */\nexport const a = 1;";
  expect(examples(text)).toEqual([{ file: "a.ts", line: 4, code: "add(1, 2); // 3\n  indented();", runs: true }]);
});

test("a fenced block is taken without its fences, and may be marked no-run", () => {
  const text = "const x = 1;\n/**\n * @example no-run\n * ```ts\n * f();\n * ```\n */";
  expect(examples(text)).toEqual([{ file: "a.ts", line: 5, code: "f();", runs: false }]);
});

test("each example of a comment counts, and an @example in a string does not", () => {
  expect(examples("/**\n * @example\n * f();\n * @example\n * g();\n */\nconst s = '@example';").map(({ code }) => code)).toEqual([
    "f();",
    "g();",
  ]);
});
