import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choice, geneticAlgorithm, integer, oneOf, presetSource, record, renderSearchReport, search } from "../index.ts";

const space = record({ x: integer(0, 30), kind: oneOf({ a: record({}), "<script>": record({ n: choice(["&", "b"]) }) }) });
const objectives = { height: "maximize", cost: "minimize" } as const;

test("a search as a page: best so far, front, genealogy, decisions; every text in it is escaped", async () => {
  const result = await search(space, {
    ...{ strategy: geneticAlgorithm(space, { population: 8, rng: new Rng(1) }), objectives, limits: { trials: 40 } },
    evaluate({ value: { x } }) {
      if (x === 3) throw new Error("three");
      return { height: -Math.abs(x - 20), cost: x };
    },
  });
  const page = renderSearchReport({ title: "<b>hill</b>", space, objectives, ...result, summary: [{ name: "seed", value: "<i>" }] });
  for (const text of ["Best so far", "Pareto front: height and cost", "Genealogy", "Decisions", "best: height", "kind.&lt;script&gt;.n"]) {
    expect(page).toContain(text);
  }
  expect(page).not.toMatch(/<script|<b>hill|https?:/);
  for (const tag of ["div", "section", "figure", "svg", "g", "ul", "li", "dl", "main", "path"]) {
    expect(page.split(new RegExp(`<${tag}[ >]`)).length, tag).toBe(
      page.split(`</${tag}>`).length + (tag === "path" ? page.split(/<path[^>]*\/>/).length - 1 : 0),
    );
  }
  // Every child of two parents has two lines to them.
  const children = result.trials.filter(({ parents = [], remembered }) => parents.length > 0 && !remembered);
  expect(children.length).toBeGreaterThan(10);
});

test("a search without a success is a page, too", () => {
  const page = renderSearchReport({ title: "none", space, objectives, trials: [], best: undefined, summary: [] });
  expect(page).toContain("No values.");
});

describe("the winner as a constant", () => {
  test("by hand", () => {
    expect(presetSource({ name: "cell-cifar10", value: { width: 32, "a-b": [1, "x"] }, comment: ["Found */ here."] })).toBe(
      '/**\n * Found *\\/ here.\n */\nexport const cellCifar10 = { width: 32, ["a-b"]: [1, "x"] } as const;\n',
    );
  });

  test("the module exports what was found, whatever plain data it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dl-preset-"));
    const values = fc.sample(fc.jsonValue({ noUnicodeString: false } as object), { numRuns: 40, seed: 3 });
    const file = join(folder, "preset.ts");
    await writeFile(file, values.map((value, i) => presetSource({ name: `value-${i}`, value, comment: [] })).join(""));
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    await rm(folder, { recursive: true });
    for (const [i, value] of values.entries()) expect(JSON.stringify(module[`value${i}`])).toBe(JSON.stringify(value));
  });

  test("what is no plain data, or has no name, is told", () => {
    expect(() => presetSource({ name: "a", value: { b: [Number.NaN] }, comment: [] })).toThrow(
      "expected finite numbers, got NaN at a.b[0]",
    );
    expect(() => presetSource({ name: "a", value: () => 1, comment: [] })).toThrow("expected plain data, got function at a");
    expect(() => presetSource({ name: "1a", value: 1, comment: [] })).toThrow("begins with a letter");
  });
});
