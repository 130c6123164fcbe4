import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mountSmallDisk } from "../../fixtures/full-disk.ts";
import { MetricsCsv } from "./metrics-csv.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dl-csv-"));
  path = join(folder, "metrics.csv");
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (): string => readFileSync(path, "utf8");

test("the first row names the columns; rows are on the disk as soon as they are appended", async () => {
  await using log = await MetricsCsv.open(path);
  await log.append({ step: 1, loss: 0.5, note: "a,b" });
  expect(text()).toBe('step,loss,note\n1,0.5,"a,b"\n');
  await log.append({ note: undefined, loss: Number.NaN, step: 2 });
  expect(text()).toBe('step,loss,note\n1,0.5,"a,b"\n2,NaN,\n');
});

test("a new metric adds a column, and rows before it leave it empty", async () => {
  await using log = await MetricsCsv.open(path);
  await log.append({ step: 1, loss: 0.5 });
  await log.append({ step: 2, loss: 0.4, "validation, loss": 0.6 });
  await log.append({ step: 3, loss: 0.3 });
  expect(text()).toBe('step,loss,"validation, loss"\n1,0.5,\n2,0.4,0.6\n3,0.3,\n');
});

test("rows keep the order of the calls, awaited or not", async () => {
  const log = await MetricsCsv.open(path);
  for (let step = 0; step < 50; step++) void log.append(step === 25 ? { step, loss: 1, more: 2 } : { step, loss: 1 });
  await log.close();
  expect(
    text()
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => Number(line.split(",")[0])),
  ).toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test("a resumed run drops the rows it will write again, and a torn one", async () => {
  const first = await MetricsCsv.open(path);
  for (const step of [1, 2, 3, 4]) await first.append({ step, loss: step });
  await first.close();
  appendFileSync(path, "5,");
  await using second = await MetricsCsv.open(path, { resumedStep: 2 });
  expect(text()).toBe("step,loss\n1,1\n2,2\n");
  await second.append({ step: 3, loss: 30 });
  expect(text()).toBe("step,loss\n1,1\n2,2\n3,30\n");
});

test("a run that died before its first row starts its table anew", async () => {
  writeFileSync(path, "step,lo");
  await using log = await MetricsCsv.open(path, { resumedStep: 10 });
  await log.append({ step: 11, loss: 1 });
  expect(text()).toBe("step,loss\n11,1\n");
});

test("resuming without a table makes one", async () => {
  await using log = await MetricsCsv.open(path, { resumedStep: 10 });
  await log.append({ step: 11, loss: 1 });
  expect(text()).toBe("step,loss\n11,1\n");
});

test("somebody else's file, an existing run, a bad step and a closed log are errors", async () => {
  writeFileSync(path, "name,age\nann,3\n");
  await expect(MetricsCsv.open(path)).rejects.toThrow(/expected no file at .+ but there is one/);
  await expect(MetricsCsv.open(path, { resumedStep: 1 })).rejects.toThrow('whose first column is "step"');
  expect(text()).toBe("name,age\nann,3\n");
  await expect(MetricsCsv.open(path, { resumedStep: -1 })).rejects.toThrow("got -1");
  rmSync(path);
  const log = await MetricsCsv.open(path);
  await expect(log.append({ step: 0.5 })).rejects.toThrow("got 0.5");
  await log.append({ step: 1 });
  await log.close();
  await log.close();
  await expect(log.append({ step: 2 })).rejects.toThrow("after close()");
});

test("a full disk: a clear error, and only whole rows", async ({ skip }) => {
  const disk = mountSmallDisk();
  if (disk === undefined) return skip("a small disk can be mounted on Linux, as root");
  const full = join(disk.path, "metrics.csv");
  const log = await MetricsCsv.open(full);
  try {
    await log.append({ step: 1, note: "x" });
    await expect(log.append({ step: 2, note: "x".repeat(1 << 20) })).rejects.toThrow("the disk is full (ENOSPC)");
    expect(readFileSync(full, "utf8")).toBe("step,note\n1,x\n");
    await log.append({ step: 3, note: "y" });
    expect(readFileSync(full, "utf8")).toBe("step,note\n1,x\n3,y\n");
  } finally {
    await log.close();
    disk.unmount();
  }
});
