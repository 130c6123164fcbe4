import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceSection, writeSection } from "./section.ts";

test("the first section brings the preamble, and a second writing of it changes nothing else", () => {
  const first = replaceSection("", { name: "bench/node20", body: "## Bench\n\nold" });
  expect(first).toMatch(/^# Results\n/);
  const both = replaceSection(first, { name: "learning/rl", body: "## RL" });
  const again = replaceSection(both, { name: "bench/node20", body: "## Bench\n\nnew" });
  expect(again).toBe(both.replace("old", "new"));
  expect(replaceSection(again, { name: "bench/node20", body: "## Bench\n\nnew\n" })).toBe(again);
});

test("sections stand in the order of their names, whoever wrote first", () => {
  const write = (names: readonly string[]): string => names.reduce((text, name) => replaceSection(text, { name, body: name }), "");
  expect(write(["b", "c", "a"])).toBe(write(["a", "b", "c"]));
  expect(write(["c", "b", "a"])).toBe(write(["a", "b", "c"]));
});

test("a name that is the beginning of another is not mistaken for it", () => {
  const text = replaceSection(replaceSection("", { name: "bench-a", body: "long" }), { name: "bench", body: "short" });
  expect(replaceSection(text, { name: "bench", body: "changed" })).toBe(text.replace("short", "changed"));
});

test("bad names, markers in a body and a torn section are errors", () => {
  expect(() => replaceSection("", { name: "Bench 1", body: "" })).toThrow(/expected a name of lower-case words/);
  expect(() => replaceSection("", { name: "a", body: "<!-- end a -->" })).toThrow(/expected a body without markers/);
  expect(() => replaceSection("<!-- begin a -->\n", { name: "a", body: "x" })).toThrow(/expected <!-- end a -->/);
});

test("a file is made with its folder, and no draft stays behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dl-results-"));
  try {
    const file = join(folder, "docs", "results.md");
    await writeSection(file, { name: "a", body: "one" });
    await writeSection(file, { name: "a", body: "two" });
    expect(await readFile(file, "utf8")).toContain("<!-- begin a -->\n\ntwo\n\n<!-- end a -->\n");
    expect(await readdir(join(folder, "docs"))).toEqual(["results.md"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
