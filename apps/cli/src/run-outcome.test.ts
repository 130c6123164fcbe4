import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunFolder } from "@dl/train/node";
import { afterAll, expect, test } from "vitest";
import { parseCommand } from "./command.ts";
import { runOf, train } from "./commands/train.ts";
import { formatRunFile, readRunFile } from "./run-file.ts";
import { formatOutcome, type RunOutcome, reached, readOutcome, resultsOf, writeOutcome } from "./run-outcome.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-outcome-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const outcome: RunOutcome = {
  name: "gpt-shakespeare",
  title: "GPT",
  command: "pnpm dl train gpt-shakespeare --seed 1",
  seed: 1,
  device: "cpu",
  seconds: 12.3,
  steps: 40,
  results: resultsOf(
    { "test/loss": 1.9, "test/accuracy": 0.81234, parameters: 4096 },
    { "test/loss": { atMost: 1.88 }, "test/accuracy": { atLeast: 0.8 } },
  ),
};

test("a metric with a goal says whether it was reached, one without says nothing", () => {
  expect(outcome.results.map(reached)).toEqual([false, true, undefined]);
  expect(reached({ name: "x", value: 0.8, floor: 0.8, better: "higher" })).toBe(true);
  expect(() => resultsOf({ a: 1 }, { b: { atLeast: 1 } })).toThrow(/expected a metric for each goal, got none for b in a/);
});

test("the section states value, floor and verdict, and the command", () => {
  const lines = formatOutcome({ ...outcome, node: "v20" }).split("\n");
  expect(lines.slice(4, 7)).toEqual([
    "| test/loss | **1.9** | ≤ 1.88 | MISSED |",
    "| test/accuracy | **0.8123** | ≥ 0.8 | met |",
    "| parameters | 4096 |  |  |",
  ]);
  expect(lines.at(-1)).toMatch(/^Trained by `pnpm dl train gpt-shakespeare --seed 1` in 12 s, 40 steps, on cpu, Node v20;/);
});

test("the same run with other seeds is one section: means, each value, and floors that all have to meet", () => {
  const seeded = (seed: number, loss: number, command = `pnpm dl train gpt-shakespeare --seed ${seed} --threads 1`) => ({
    ...{ ...outcome, seed, command, node: "v20" },
    results: resultsOf({ "test/loss": loss, parameters: 4096 }, { "test/loss": { atMost: 1.88 } }),
  });
  const lines = formatOutcome(seeded(1, 1.7), [seeded(2, 1.8), seeded(3, 1.9)]).split("\n");
  expect(lines.slice(2, 6)).toEqual([
    "| measured | mean | floor | | seeds 1, 2, 3 |",
    "| --- | ---: | ---: | --- | --- |",
    "| test/loss | **1.8** | ≤ 1.88 | MISSED | 1.7, 1.8, 1.9 |",
    "| parameters | 4096 |  |  | 4096, 4096, 4096 |",
  ]);
  expect(lines.at(-1)).toContain("`pnpm dl train gpt-shakespeare --seed 1 --threads 1`, and so with the other seeds, in 12, 12, 12 s");
  expect(() => formatOutcome(seeded(1, 1), [seeded(1, 1)])).toThrow("expected a seed once, got 1 twice");
  const other = seeded(2, 1, "pnpm dl train gpt-shakespeare --seed 2 --epochs 1");
  expect(() => formatOutcome(seeded(1, 1), [other])).toThrow("expected runs that differ in their seeds alone");
});

test("the section does not tell where a machine keeps its files", () => {
  const commandIn = (words: string): string | undefined =>
    /Trained by `pnpm dl train ner (.*)` in/.exec(formatOutcome({ ...outcome, command: `pnpm dl train ner ${words}`, node: "v20" }))?.[1];
  expect(commandIn("--seed 1 --weights /home/me/runs/mlm-1")).toBe("--seed 1 --weights …/runs/mlm-1");
  expect(commandIn('--weights "/my disk/runs/a b/model.safetensors" --seed 1')).toBe('--weights "…/a b/model.safetensors" --seed 1');
  expect(commandIn("--weights runs/mlm-1 --seed 1")).toBe("--weights runs/mlm-1 --seed 1");
});

test("run.json keeps the outcome beside the run, which is read as before; the last outcome counts", async () => {
  const run = await runOf(parseCommand(train, ["gpt-shakespeare"]));
  await using folder = await RunFolder.open(join(scratch, "run"));
  await folder.write("run.json", formatRunFile(run));
  expect(await readOutcome(folder.path)).toBeUndefined();
  await writeOutcome(folder, { ...outcome, steps: 1 });
  await writeOutcome(folder, outcome);
  expect(await readOutcome(folder.path)).toEqual({ ...outcome, node: process.version });
  expect(await readRunFile(folder.path)).toEqual(run);
  expect(JSON.parse(readFileSync(folder.file("run.json"), "utf8"))).toMatchObject({ recipe: "gpt-shakespeare" });
});

test("an outcome that was edited is refused by name, a missing run too", async () => {
  writeFileSync(join(scratch, "run.json"), JSON.stringify({ outcome: { ...outcome, node: "v20", results: [{ name: "x", value: "1" }] } }));
  await expect(readOutcome(scratch)).rejects.toThrow(/run\.json: expected an outcome with its name/);
  await expect(readOutcome(join(scratch, "nowhere"))).rejects.toThrow(/nowhere.run\.json: expected a run that dl train made, got ENOENT/);
});
