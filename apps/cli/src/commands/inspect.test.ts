import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DataReport } from "@dl/data";
import { afterAll, expect, test } from "vitest";
import { dlHere } from "../dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-inspect-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const images = fileURLToPath(new URL("../../../../packages/data/fixtures/images", import.meta.url));

test("dl inspect data names damaged files, counts classes and writes a page", async () => {
  const html = join(scratch, "report.html");
  const { code, stdout, stderr } = await dlHere("inspect", "data", images, "--size", "16", "--html", html);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("all: 17 examples");
  expect(stdout).toContain("damaged 4");
  expect(stdout).toMatch(/truncated\.jpg to be a whole JPEG/);
  expect(stdout).toMatch(/files left out 1\n.*misc\/notes\.txt: expected a PNG, a JPEG or a BMP by its name, got "\.txt"/);
  expect(stdout).toMatch(/doubtful labels \d/);
  const page = readFileSync(html, "utf8");
  expect(page).toContain("data:image/png;base64,");
  expect(page).toContain("notes.txt");
  const json = await dlHere("inspect", "data", images, "--json", "--limit", "5", "--no-label-noise");
  const [split] = (JSON.parse(json.stdout) as DataReport).splits;
  expect(split).toMatchObject({ examples: 5, labelNoise: [], notJudged: "not asked for" });
  expect(split!.leftOut.map(({ path }) => basename(path))).toEqual(["notes.txt"]);
});

test("splits of other classes: each is counted under its own names, and the difference is said", async () => {
  const data = join(scratch, "splits");
  for (const [inside, file] of [
    ["train/cat", "cat/rgb.png"],
    ["train/dog", "dog/rgb_q90.jpg"],
    ["test/dog", "dog/rgb_q90.jpg"],
    ["test/emu", "cat/gray.png"],
  ] as const) {
    mkdirSync(join(data, inside), { recursive: true });
    copyFileSync(join(images, file), join(data, inside, basename(file)));
  }
  writeFileSync(join(data, "test", "emu", "moving.gif"), "GIF89a");
  symlinkSync(join(data, "nowhere.png"), join(data, "test", "emu", "link.png"));
  const { code, stdout } = await dlHere("inspect", "data", data);
  expect(code).toBe(0);
  expect(stdout).toMatch(/train: 2 examples.*classes: cat 1, dog 1.*test: 2 examples.*classes: dog 1, emu 1/s);
  expect(stdout).toContain("test has other classes than train: without cat, and with emu\n");
  expect(stdout).toMatch(/files left out 2\n.*link\.png: expected a link to what is there, got ENOENT\n.*moving\.gif: expected a PNG/);
  expect(stdout).toContain("doubtful labels not looked for: 2 whole examples with labels, 10 are needed");
  // The dog of both splits is label 1 in one and 0 in the other: a leak, and no conflict.
  expect(stdout).toContain("in more than one split: 1; duplicates within a split: 0; same content, different labels: 0");
});

test("tables, one a split: classes of --label, missing cells and labels, damaged rows, leaks between files of different kinds", async () => {
  const train = join(scratch, "train.csv");
  const test = join(scratch, "test.jsonl");
  writeFileSync(train, "age,city,bought\n34,Bern,yes\n51,Basel,no\n,Bern,yes\n28,Bern,\n51,Basel,yes\n");
  writeFileSync(test, '{"age": 34, "city": "Bern", "bought": "no"}\n{"age": 1\n{"age": 29, "city": "Genf", "bought": "perhaps"}\n');
  const { code, stdout, stderr } = await dlHere("inspect", "data", train, test, "--label", "bought", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const report = JSON.parse(stdout) as DataReport;
  expect(report.classNames).toEqual(["no", "perhaps", "yes"]);
  expect(report.splits).toMatchObject([
    { name: "train", examples: 5, classCounts: [1, 0, 3], badLabels: [{ index: 3, label: -1 }], notFinite: [2], damaged: [] },
    { name: "test", examples: 3, classCounts: [1, 1, 0], badLabels: [], notFinite: [], damaged: [{ index: 1 }] },
  ]);
  for (const { notJudged } of report.splits) expect(notJudged).toBe("no images in the field images");
  expect(report.splits[0]!.fields).toEqual({ age: ["float64 []"], city: ["int32 []"], bought: ["int32 []"] });
  expect(report.leaks).toEqual([
    [
      { split: "train", index: 0 },
      { split: "test", index: 0 },
    ],
  ]);
  expect(report.duplicates).toEqual([
    [
      { split: "train", index: 1 },
      { split: "train", index: 4 },
    ],
  ]);
  expect(report.conflicts).toHaveLength(2);
});

test("Parquet, without classes and as many rows as asked; the page shows it", async () => {
  const table = fileURLToPath(new URL("../../../../packages/data/fixtures/table.parquet", import.meta.url));
  const html = join(scratch, "table.html");
  const ended = await dlHere("inspect", "data", table, "--limit", "2", "--html", html);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("table: 2 examples") });
  expect(readFileSync(html, "utf8")).toContain("no labels");
});

test("a label that no column has, tables of one name, and a label of what is no table are errors", async () => {
  const table = join(scratch, "rows.csv");
  writeFileSync(table, "a,b\n1,2\n");
  const ending = (...words: string[]) => dlHere("inspect", "data", ...words);
  expect(await ending(table, "--label", "c")).toMatchObject({ code: 1, stderr: expect.stringMatching(/expected a column c.*got a, b/) });
  expect(await ending(table, table)).toMatchObject({ code: 1, stderr: expect.stringMatching(/tables of different names/) });
  expect(await ending(images, "--label", "a")).toMatchObject({ code: 2, stderr: expect.stringMatching(/--label: expected a table/) });
  expect(await ending(table, images)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/expected one data set or folder, or tables/),
  });
  writeFileSync(table, "");
  expect((await ending(table)).code).toBe(1);
  expect((await ending(join(scratch, "gone.parquet"))).stderr).toMatch(/gone\.parquet, got ENOENT/);
});

test("what is no data set says what is", async () => {
  for (const words of [["inspect"], ["inspect", "model", images], ["inspect", "data"], ["inspect", "data", join(scratch, "none")]]) {
    const { code, stderr } = await dlHere(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(/expected/);
  }
});
