import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dlHere } from "./dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-usage-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const out = ["--out", join(scratch, "run")];

test.for([
  [["--help"], ["train <recipe>", "resume <run folder>", "evaluate", "predict", "sample", "interpolate", "score", "doctor"]],
  [
    ["train", "--help"],
    ["Usage: dl train <recipe> [options]", "lenet-cifar10", "--preset essay", "--limit N", "Ctrl-C saves"],
  ],
  [
    ["resume", "--help"],
    ["Usage: dl resume <run folder>", "Default: the run's."],
  ],
  [
    ["evaluate", "-h"],
    ["Usage: dl evaluate <run folder>", "--backend NAME", "--json"],
  ],
  [
    ["predict", "--help"],
    ["Usage: dl predict <run folder> <image or text>", "--top K"],
  ],
  [
    ["explain", "--help"],
    ["Usage: dl explain <run folder> <image or text>", "--method NAME", "--run DIR"],
  ],
  [
    ["generate", "--help"],
    ["Usage: dl generate <run folder>", "--prompt TEXT", "--temperature X"],
  ],
  [
    ["sample", "--help"],
    ["Usage: dl sample <run folder>", "--label NAME", "--truncation X"],
  ],
  [
    ["interpolate", "--help"],
    ["Usage: dl interpolate <run folder>", "--animate", "--steps N"],
  ],
  [
    ["score", "--help"],
    ["Usage: dl score <generated folder> <real folder>", "--extractor NAME"],
  ],
  [
    ["bench", "--help"],
    ["Usage: dl bench [options]", "--profile", "--trace FILE"],
  ],
  [
    ["doctor", "--help"],
    ["Usage: dl doctor [options]", "--json"],
  ],
] as const)("dl %j explains itself on stdout", async ([words, parts]) => {
  const { code, stdout, stderr } = await dlHere(...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const part of parts) expect(stdout).toContain(part);
});

test.for([
  [[], /^Usage: dl <command>/],
  [["trian"], /expected a command \(train, search, worker, resume, evaluate, predict, .*, doctor\), got "trian"/],
  [["train"], /expected one recipe, got none/],
  [["train", "lenet-minst"], /expected a recipe \(lenet-mnist, .*\), got "lenet-minst"/],
  [["train", "lenet-mnist", "--preset", "essay"], /--preset: expected one of lenet-mnist \(default\), got "essay"/],
  [["train", "lenet-mnist", "--lr", "1"], /'--lr'/],
  [["train", "lenet-mnist", "--epochs"], /--epochs/],
  [["train", "lenet-mnist", "--backend", "gpu"], /--backend: expected auto, cuda, wasm, cpu, tensorflow, webgpu, got "gpu"/],
  [["train", "lenet-mnist", "--epochs", "0"], /--epochs: expected a whole number ≥ 1, got "0"/],
  [["train", "lenet-mnist", "--epochs", "2.5"], /--epochs: expected a whole number ≥ 1, got "2.5"/],
  [["train", "lenet-mnist", "--seed", "-1"], /seed/],
  [["train", "lenet-mnist", "--seed=-1"], /--seed: expected a whole number ≥ 0, got "-1"/],
  [["train", "lenet-mnist", "--seed", ""], /--seed: expected a value, got an empty word/],
  [["train", "lenet-mnist", "--limit", "0x10"], /--limit: expected a whole number ≥ 1, got "0x10"/],
  [["train", "lenet-mnist", "--learning-rate", "nan"], /--learning-rate: expected a number > 0, got "nan"/],
  [["train", "lenet-mnist", "--threads", "0"], /--threads: expected a whole number ≥ 1/],
  [["train", "lenet-mnist", "--steps", "100"], /--steps: expected it with an agent's task, such as ppo-cartpole, got it with lenet-mnist/],
  [["train", "gpt-shakespeare", "--stop-at-return", "1"], /--stop-at-return: expected it with an agent's task/],
  [["train", "ppo-cartpole", "--weights", "a.safetensors"], /--weights: expected none with ppo-cartpole, .* got a\.safetensors/],
  [["train", "ppo-cartpole", "--data", "photos"], /--data: expected none with ppo-cartpole, .* got photos/],
  [["resume", ""], /expected <run folder>, got an empty word\. Is a variable of the shell not set\?/],
  [["export", "somewhere", "--to", "onnx", "--out", ""], /--out: expected a value, got an empty word/],
  [["serve", "--run", ""], /--run: expected a value, got an empty word/],
  [["serve", "somewhere", "--port", "99999"], /--port: expected a whole number from 0 to 65535, got "99999"/],
  [["sample", "somewhere", "--out", "grid.jpg"], /--out: expected a file that ends in \.png, or a folder, got "grid\.jpg"/],
  [["watch", "somewhere", "--out", "film.mp4"], /--out: expected a file that ends in \.apng, \.png or \.html, got "film\.mp4"/],
  [["watch", "somewhere", "--width", "1e9"], /--width: expected a whole number from 16 to 4096, got "1e9"/],
  [["generate", "somewhere", "--temperature=-1"], /--temperature: expected a number ≥ 0, got -1/],
  [["generate", "somewhere", "--tokens", "0"], /--tokens: expected a whole number ≥ 1, got "0"/],
  [["explain", "--run", "somewhere"], /expected a run folder and one image file/],
  [["explain", "somewhere", "a.png", "--method", "tea-leaves"], /--method: expected grad-cam, .*, got "tea-leaves"/],
  [["explain", "somewhere", "a.png", "--out", "a.gif"], /--out: expected a file that ends in .png or .html, got "a.gif"/],
  [["predict", "somewhere"], /expected a run folder and at least one image file or text/],
  [["score", "a"], /expected a folder of generated images and a folder of real ones/],
  [
    ["score", "a", "b", "--extractor", "inception"],
    /--extractor: expected mnist, fashion-mnist or a \.safetensors file \(or Inception's \.pth\), got "inception"/,
  ],
  [["sample"], /expected one run folder, got none/],
  [["evaluate", "a", "b"], /expected <run folder>, got a b\./],
  [["score", "a", "b", "c"], /expected <generated folder> <real folder>, got a b c\./],
  [["serve", "--run", "a", "b"], /expected no words but options beside --run, got b\./],
  [["export", "--run", "a", "b", "--to", "onnx"], /expected no words but options beside --run, got b\./],
  [["watch", "--run", "a", "b"], /expected no words but options beside --run, got b\./],
  [["explain", "--run", "a", "b.png", "c.png"], /expected <image or text> beside --run, got b\.png c\.png\./],
  [["doctor", "now"], /expected no words but options, got now\./],
] as const)("dl %j is told what is wrong, with exit code 2 and nothing on stdout", async ([words, message]) => {
  const made = words.length > 1 ? out : [];
  const { code, stdout, stderr } = await dlHere(...words, ...(words[0] === "train" ? made : []));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test.for(["resume", "evaluate", "predict"] as const)("dl %s names a run folder that is not there, or not ours", async (command) => {
  const image = command === "predict" ? ["a.png"] : [];
  const missing = await dlHere(command, join(scratch, "nowhere"), ...image);
  expect(missing).toMatchObject({ code: 1, stdout: "" });
  expect(missing.stderr).toMatch(/^dl: DataError: .*nowhere.run\.json: expected a run that dl train made, got ENOENT/m);

  writeFileSync(join(scratch, "run.json"), '{"format":"other"}');
  const other = await dlHere(command, scratch, ...image);
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/run\.json: expected format dl-run-1 .* Was it edited\?/);
});

test("dl doctor tells devices, variants, versions and folders; with --json in one line", async () => {
  const { code, stdout } = await dlHere("doctor");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok {2}cpu/m);
  expect(stdout).toMatch(/^(ok|no) {2}wasm/m);
  expect(stdout).toContain(process.version);
  expect(stdout).toMatch(/^cache +\S+/m);

  const json = await dlHere("doctor", "--json");
  expect(json.stdout.trimEnd().split("\n")).toHaveLength(1);
  const report = JSON.parse(json.stdout) as {
    devices: { backend: string; starts: boolean; detail: string }[];
    machine: Record<string, unknown>;
  };
  expect(report.devices.map(({ backend }) => backend)).toEqual(["cuda", "wasm", "cpu", "tensorflow", "webgpu"]);
  expect(report.devices.find(({ backend }) => backend === "cpu")!.starts).toBe(true);
  // One that does not start says why, in a sentence of its own.
  for (const { backend, starts, detail } of report.devices) if (!starts) expect(detail).toMatch(new RegExp(`^${backend}: expected .+\\.$`));
  expect(report.machine).toMatchObject({ node: process.version });
});
