import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dl, dlHere, startDl } from "../dl-fixture.ts";
import { searchSection } from "./record-search.ts";
import { readSearchFile } from "./search-file.ts";

let folder: string;
const module = join(import.meta.dirname, "problem-fixture.ts");
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dl-search-"));
});
afterAll(() => rm(folder, { recursive: true }));
const linesOf = async (path: string): Promise<string[]> => (await readFile(path, "utf8")).trim().split("\n");

describe("dl search with a module", () => {
  test("finds the hill's top, writes journal, report and winner, and goes on after a kill without losing or repeating a trial", async () => {
    const out = join(folder, "killed");
    const words = ["search", module, "--strategy", "tpe", "--trials", "24", "--workers", "1", "--seed", "3"];
    const running = startDl([...words, "--out", out]);
    const journal = join(out, "journal.jsonl");
    let before: string[] = [];
    while (before.length < 6) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      before = await linesOf(journal).catch(() => []);
      if (running.process.exitCode !== null) throw new Error(`dl ended too early:\n${running.stderr()}`);
    }
    running.process.kill("SIGKILL");
    await running.ended;
    const kept = await linesOf(journal);
    const resumed = await dl("resume", out, "--json");
    expect(resumed.code, resumed.stderr).toBe(0);
    const told = JSON.parse(resumed.stdout) as { trials: number; best: { value: { x: number }; measurements: { height: number } } };
    expect(told.trials).toBe(24);
    const lines = await linesOf(journal);
    expect(lines.slice(0, kept.length)).toEqual(kept);
    const numbers = lines.slice(1).map((line) => (JSON.parse(line) as { number: number }).number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.filter((_, i) => i < 24)).toHaveLength(24);
    expect(told.best.measurements.height).toBeGreaterThan(-4);
    const report = await readFile(join(out, "report.html"), "utf8");
    for (const title of ["Best so far", "Pareto front", "Decisions"]) expect(report).toContain(title);
    expect(report).not.toContain("<script");
    const { hill } = (await import(pathToFileURL(join(out, "winner.ts")).href)) as { hill: unknown };
    expect(hill).toEqual(told.best.value);
  }, 120_000);

  test("evolution leaves a genealogy", async () => {
    const out = join(folder, "evolution");
    const ended = await dlHere("search", module, "--trials", "20", "--out", out);
    expect(ended.code, ended.stderr).toBe(0);
    expect(await readFile(join(out, "report.html"), "utf8")).toContain("Genealogy");
    const again = await dlHere("search", module, "--trials", "20", "--out", out);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("expected");
  }, 60_000);

  test("wrong words, modules that are none, and edited files are told", async () => {
    const wrong = async (...words: string[]) => (await dlHere("search", ...words)).stderr;
    expect(await wrong(module, "--strategy", "luck")).toContain("--strategy: expected one of evolution");
    expect(await wrong(module, "--trials", "0")).toContain("--trials: expected a whole number ≥ 1");
    expect(await wrong(module, "--strategy", "hyperband")).toContain("expected one without budgets for hill");
    expect(await wrong("nowhere.ts")).toContain("expected a module, got nothing there");
    expect(await wrong("no-such-recipe")).toContain("expected a recipe");
    expect(await wrong("dcgan-mnist")).toContain("expected a recipe that can be searched, got dcgan-mnist");
    expect(await wrong("lenet-mnist", "--objectives", "beauty")).toContain(
      "--objectives: expected parameters, flops, latency, memory, got beauty",
    );
    expect(await wrong(module, "--queue", "localhost")).toContain("--queue: expected an address such as redis://localhost:6379");
    expect(await wrong(module, "--stopping", "mean")).toContain("--stopping: expected none, median, rungs, got");
    expect(await wrong(module, "--stopping", "rungs", "--median-stopping")).toContain("expected none beside --median-stopping");
    expect(await wrong(module, "--shared", folder)).toContain("--shared: expected --queue beside it");
    expect(await wrong("cell-mnist", "--strategy", "population")).toContain("expected a recipe whose candidates share one network");
    const queue = ["--queue", "redis://127.0.0.1:9"];
    expect(await wrong("gpt-shakespeare", "--strategy", "population", ...queue)).toContain("expected --shared with a folder");
    expect(await wrong("lenet-mnist", "--strategy", "hyperband", ...queue, "--out", join(folder, "queue"))).toContain(
      "no --shared folder: trials that go on from others begin anew",
    );
    const none = join(folder, "none.ts");
    await writeFile(none, "export const trial = 3;\n");
    expect(await wrong(none)).toContain("expected a module that exports problem");
    const edited = join(folder, "evolution", "search.json");
    await appendFile(edited, "}");
    expect((await dlHere("resume", join(folder, "evolution"))).stderr).toContain("Was it edited?");
  }, 60_000);
});

test("trials stop at rungs, and a folder of before says what it said", async () => {
  const out = join(folder, "rungs");
  const words = ["search", module, "--strategy", "random", "--trials", "12", "--workers", "1", "--stopping", "rungs", "--out", out];
  const ended = await dlHere(...words);
  expect(ended.code, ended.stderr).toBe(0);
  const records = (await linesOf(join(out, "journal.jsonl"))).slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records[0]!.stoppedAt).toBeUndefined();
  expect(records.filter(({ stoppedAt }) => stoppedAt === 1).length).toBeGreaterThan(3);
  const file = join(out, "search.json");
  const { run, settings, ...rest } = JSON.parse(await readFile(file, "utf8"));
  expect(run).toMatch(/^[0-9a-f-]{36}$/);
  expect(await readSearchFile(out)).toMatchObject({ run, settings: { stopping: "rungs", shared: null } });
  const { stopping: _, shared: __, ...older } = settings;
  await writeFile(file, JSON.stringify({ ...rest, settings: { ...older, median: true } }));
  expect((await readSearchFile(out))!.settings).toMatchObject({ stopping: "median", shared: null });
  await writeFile(file, JSON.stringify({ run, ...rest, settings: { ...settings, stopping: "mean" } }));
  await expect(readSearchFile(out)).rejects.toThrow("Was it edited?");
}, 60_000);

test("population-based training of a recipe: each goes on from the weights of another", async () => {
  const out = join(folder, "population");
  const words = ["search", "lenet-mnist", "--strategy", "population", "--trials", "6", "--epochs", "2", "--limit", "160", "--workers", "1"];
  const ended = await dlHere(...words, "--out", out, "--json");
  expect(ended.code, ended.stderr).toBe(0);
  const records = (await linesOf(join(out, "journal.jsonl"))).slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records.map(({ budget }) => budget)).toEqual([1, 1, 1, 2, 2, 2]);
  for (const { measurements, from, anew, reports } of records.slice(3)) {
    expect([measurements, anew]).toEqual([expect.anything(), undefined]);
    expect(from).toBeLessThan(3);
    // The second epoch alone.
    expect((reports as { step: number }[]).map(({ step }) => step)).toEqual([2]);
  }
}, 300_000);

test("a recipe: cells tried in threads, and a supernet by DARTS and by one shot; what they find is trained", async () => {
  const run = async (...words: string[]) => {
    const ended = await dlHere(...words, "--json");
    expect(ended.code, ended.stderr).toBe(0);
    return JSON.parse(ended.stdout) as { best: { measurements: Record<string, number> }; metrics: Record<string, number> };
  };
  const small = ["--limit", "160", "--epochs", "1"];
  const tried = await run(
    "search",
    "cell-mnist",
    "--trials",
    "2",
    "--workers",
    "1",
    "--objectives",
    "parameters,flops,latency,memory",
    ...small,
    "--out",
    join(folder, "tried"),
  );
  const { name, body } = await searchSection(join(folder, "tried"), (await readSearchFile(join(folder, "tried")))!);
  expect(name).toBe("search/tried");
  expect(body).toContain("| evolution | 2 | 0 |");
  expect(Object.keys(tried.best.measurements)).toEqual(["accuracy", "loss", "parameters", "flops", "latency", "memory"]);
  for (const strategy of ["darts", "one-shot"]) {
    const out = join(folder, strategy);
    const { best } = await run("search", "cell-mnist", "--strategy", strategy, "--trials", "3", ...small, "--out", out);
    expect(best.measurements["shared accuracy"]).toBeGreaterThanOrEqual(0);
    expect(await readFile(join(out, "report.html"), "utf8")).toContain("accuracy with shared weights");
    expect((await searchSection(out, (await readSearchFile(out))!)).body).toContain(`Found: 0-1 = `);
    // Asked again, there is nothing left to train.
    expect((await dlHere("resume", out)).stderr).toContain("going on after epoch 1 of 1");
  }
  const { metrics } = await run("train", "cell-mnist", "--winner", join(folder, "tried"), ...small, "--out", join(folder, "trained"));
  expect(metrics["test/accuracy"]).toBeGreaterThanOrEqual(0);
  const evaluated = await dlHere("evaluate", join(folder, "trained"), "--json");
  expect(JSON.parse(evaluated.stdout).metrics["test/accuracy"]).toBeCloseTo(metrics["test/accuracy"]!, 6);
  expect((await dlHere("search", "lenet-mnist", "--strategy", "darts")).stderr).toContain(
    "expected a recipe of cells, such as cell-cifar10, got lenet-mnist",
  );
}, 300_000);

test("a winner is trained only by the recipe it was found for, and only while it is a candidate", async () => {
  const file = join(folder, "winner.json");
  const target = { recipe: "lenet-mnist", preset: "default" };
  const write = (genotype: unknown, of: unknown = target) =>
    writeFile(file, JSON.stringify({ format: "dl-winner-1", target: of, genotype, measurements: {} }));
  const train = async () =>
    (await dlHere("train", "lenet-mnist", "--winner", file, "--limit", "64", "--epochs", "1", "--out", join(folder, "trained"))).stderr;
  await write({ learningRate: 0.001 }, { recipe: "lenet-cifar10", preset: "default" });
  expect(await train()).toContain("expected what was found for lenet-mnist, preset default, got lenet-cifar10");
  await write({ learningRate: 0.001 });
  expect(await train()).toContain("expected a decision at batchSize");
  await write({ learningRate: 1e9, batchSize: 0 });
  expect(await train()).toContain("learningRate");
  await writeFile(file, "{");
  expect(await train()).toContain("expected format dl-winner-1");
  expect((await dlHere("train", "lenet-mnist", "--winner", join(folder, "missing"))).stderr).toContain(
    "expected what dl search found, got ENOENT",
  );
});
