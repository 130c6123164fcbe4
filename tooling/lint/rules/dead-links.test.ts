import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { deadLinks } from "./dead-links.ts";

const check = (text: string) => checkFiles(deadLinks, { "packages/nn/README.md": text, "docs/results.md": "# Results\n" });

test("a link to nothing is found, with its line", () => {
  expect(check("# nn\n\nSee [there](../../docs/result.md).")).toEqual([
    "error packages/nn/README.md:3 expected ../../docs/result.md to be there, got nothing at docs/result.md. Write it, or link to where it is now.",
  ]);
  expect(check("[a](src)")).toHaveLength(1);
});

test("links to files, folders, places in a file and the web are fine; code blocks link nowhere", () => {
  const text =
    "[a](../../docs/results.md#rows) [b](../../docs) [c](#here) [d](https://example.org/x.md) ![e](picture.png)\n```ts\nlist[0](nowhere.md);\n```\n";
  expect(check(text)).toEqual([]);
});
