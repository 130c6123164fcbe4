import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { parseCommand } from "./command.ts";
import { runOf, train } from "./commands/train.ts";
import { recipes } from "./recipes/index.ts";
import { commandLine, type RunFile } from "./run.ts";
import { formatRunFile, readRunFile } from "./run-file.ts";

const folder = mkdtempSync(join(tmpdir(), "dl-run-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const runs: fc.Arbitrary<RunFile> = fc
  .constantFrom(...recipes.flatMap((recipe) => recipe.presets.map((preset) => ({ recipe, preset }))))
  .chain(({ recipe, preset }) =>
    fc
      .record({
        seed: fc.nat(),
        epochs: fc.oneof(fc.constant(preset.defaults.epochs), fc.integer({ min: 1, max: 500 })),
        batchSize: fc.oneof(fc.constant(preset.defaults.batchSize), fc.integer({ min: 1, max: 500 })),
        learningRate: fc.oneof(fc.constant(preset.defaults.learningRate), fc.double({ min: 1e-9, max: 10, noNaN: true })),
        limit: fc.option(fc.integer({ min: 1, max: 60_000 })),
        backend: fc.constantFrom("auto", "cuda", "wasm", "cpu", "tensorflow"),
        threads: fc.option(fc.integer({ min: 1, max: 64 })),
      })
      .map((settings) => ({ recipe, preset, settings })),
  );

test("the command line of a run makes the same run", async () => {
  await fc.assert(
    fc.asyncProperty(runs, async (run) => {
      const words = commandLine(run).split(" ");
      expect(words.slice(0, 3)).toEqual(["pnpm", "dl", "train"]);
      expect(await runOf(parseCommand(train, words.slice(3)))).toEqual(run);
    }),
  );
});

test("the command line names only what is not the preset's", async () => {
  const run = await runOf(parseCommand(train, ["lenet-mnist"]));
  expect(commandLine(run)).toBe("pnpm dl train lenet-mnist --seed 1");
  const essay = await runOf(parseCommand(train, ["lenet-cifar10", "--preset", "essay", "--epochs", "10", "--batch-size", "8"]));
  expect(commandLine(essay)).toBe("pnpm dl train lenet-cifar10 --preset essay --seed 1 --batch-size 8");
});

test("paths of inputs are whole: a run may be resumed from another folder", async () => {
  const run = await runOf(parseCommand(train, ["finetune-folder", "--data", "photos", "--weights", "/w/a.pth"]));
  expect(run.settings.inputs).toEqual({ data: resolve("photos"), weights: resolve("/w/a.pth") });
});

test("run.json gives the run back", async () => {
  await fc.assert(
    fc.asyncProperty(runs, async (run) => {
      writeFileSync(join(folder, "run.json"), formatRunFile(run));
      expect(await readRunFile(folder)).toEqual(run);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ["not JSON", "{"],
  ["another format", '{"format":"dl-run-9","recipe":"lenet-mnist","settings":{"seed":1,"epochs":1,"batchSize":1,"learningRate":1}}'],
  ["without settings", '{"format":"dl-run-1","recipe":"lenet-mnist"}'],
  ["a number as text", '{"format":"dl-run-1","recipe":"lenet-mnist","settings":{"seed":"1","epochs":1,"batchSize":1,"learningRate":1}}'],
  ["null", "null"],
  ...[
    '"batchSize":0',
    '"epochs":1.5',
    '"seed":-1',
    '"learningRate":-1',
    '"limit":0',
    '"threads":0.5',
    '"inputs":{"data":1}',
    '"inputs":[null]',
  ].map((wrong) => [
    `of ${wrong}`,
    `{"format":"dl-run-1","recipe":"lenet-mnist","settings":{"seed":1,"epochs":1,"batchSize":1,"learningRate":1,${wrong}}}`,
  ]),
])("run.json that is %s is refused by name", async (_, text) => {
  writeFileSync(join(folder, "run.json"), text);
  await expect(readRunFile(folder)).rejects.toThrow(/run\.json: expected format dl-run-1/);
});

test("a run from before there were presets is of the first, with all images", async () => {
  const settings = { seed: 1, epochs: 2, batchSize: 3, learningRate: 0.1 };
  writeFileSync(join(folder, "run.json"), JSON.stringify({ format: "dl-run-1", recipe: "lenet-cifar10", settings }));
  const run = await readRunFile(folder);
  expect(run.preset.name).toBe("default");
  expect(run.settings).toEqual({ ...settings, limit: null, threads: null, backend: "auto" });
});
