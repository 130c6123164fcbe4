import { expect, test } from "vitest";
import { classifierSection, goalsOf } from "./classifier-section.ts";
import { parseCommand } from "./command.ts";
import { runOf, train } from "./commands/train.ts";
import { recipes } from "./recipes/index.ts";
import type { RunFile } from "./run.ts";

const runFor = async (...words: string[]): Promise<RunFile> => (await runOf(parseCommand(train, words))) as RunFile;
const measured = (accuracy: number) => ({
  ...{ epochs: 60, steps: 21_120, seconds: 4999.6, device: "wasm" },
  metrics: { "test/accuracy": accuracy, "test/loss": 0.5 },
});

test.each([
  [0.9225, "met"],
  [0.9224, "MISSED"],
])("an accuracy of %d against a floor of 92.25 %% is %s", async (accuracy, verdict) => {
  const { name, body } = classifierSection(await runFor("conv5fc3-cifar10"), measured(accuracy));
  expect(name).toBe("training/conv5fc3-cifar10");
  const row = `| **${(100 * accuracy).toFixed(2)} %** | ≥ 92.25 % | ${verdict} | 0.5000 | 60 | 21120 | 5000 s | 1 | ${process.version} | wasm |`;
  expect(body.split("\n")).toContain(row);
  expect(body).toContain("`pnpm dl train conv5fc3-cifar10 --seed 1`");
});

test("what promises nothing has no floor: another preset, a trial on a part of the data", async () => {
  for (const words of [
    ["conv5fc3-cifar10", "--preset", "essay"],
    ["conv5fc3-cifar10", "--limit", "100"],
  ]) {
    const run = await runFor(...words);
    expect(goalsOf(run)).toEqual({});
    expect(classifierSection(run, measured(0.5)).body).toContain("| **50.00 %** |  |  | 0.5000 |");
  }
});

test("what a search found stands beside, and its command does not say where this machine keeps its files", async () => {
  const { settings, ...run } = await runFor("cell-cifar10");
  const winner = { file: "/home/me/runs/search-1/winner.json", genotype: {} };
  const { name, body } = classifierSection({ ...run, settings: { ...settings, winner } }, measured(0.8));
  expect(name).toBe("training/cell-cifar10-search-1");
  expect(body).toContain("`pnpm dl train cell-cifar10 --seed 1 --winner …/search-1/winner.json`");
});

test("another preset does not take the place of the first", async () => {
  const { name, body } = classifierSection(await runFor("lenet-cifar10", "--preset", "essay"), measured(0.6));
  expect(name).toBe("training/lenet-cifar10/essay");
  expect(body.split("\n")[0]).toBe("## LeNet on CIFAR-10, essay");
});

test("the recipes promise the floors of the project", () => {
  const floors = recipes.flatMap(({ name, presets: [{ goals }] }) => (goals ? [[name, goals["test/accuracy"]]] : []));
  expect(Object.fromEntries(floors)).toEqual({
    "lenet-mnist": { atLeast: 0.985 },
    "conv-fashion-mnist": { atLeast: 0.935 },
    "lenet-cifar10": { atLeast: 0.7042 },
    "keras-cnn-cifar10": { atLeast: 0.77 },
    "conv5fc3-cifar10": { atLeast: 0.9225 },
    "resnet20-cifar10": { atLeast: 0.917 },
    "airbench94-cifar10": { atLeast: 0.94 },
    "cct-cifar10": { atLeast: 0.8 },
  });
});
