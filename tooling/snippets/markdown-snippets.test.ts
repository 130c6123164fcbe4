import { expect, test } from "vitest";
import { installedPackages, markdownSnippets } from "./markdown-snippets.ts";

test("```ts blocks are found with their lines; other languages are not", () => {
  const text = "# Title\n\n```sh\nls\n```\n\n```ts\nf();\n\ng();\n```\n\n```ts no-run\nh();\n```\n";
  expect(markdownSnippets(text, "README.md")).toEqual([
    { file: "README.md", line: 8, code: "f();\n\ng();", runs: true },
    { file: "README.md", line: 14, code: "h();", runs: false },
  ]);
});

test("a block inside a list loses the list's indentation", () => {
  expect(markdownSnippets("- so:\n  ```ts\n  if (a) {\n    f();\n  }\n  ```\n", "a.md")[0]?.code).toBe("if (a) {\n  f();\n}");
});

test("the install command names its packages", () => {
  expect(installedPackages("# x\n\n```sh\nnpm install --save @dl/nn @dl/backend-wasm\n```\n")).toEqual(["@dl/nn", "@dl/backend-wasm"]);
  expect(installedPackages("# x\n")).toEqual([]);
});
