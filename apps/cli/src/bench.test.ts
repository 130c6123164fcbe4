import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dlHere } from "./dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-bench-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const brief = ["--backend", "wasm", "--threads", "1", "--seconds", "0.01"];

test("dl bench measures three things, each with its rate", async () => {
  const { code, stdout, stderr } = await dlHere("bench", ...brief);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^wasm \(/);
  expect(stdout).toMatch(/^product of two 512 × 512 matrices +[\d.]+ ms +[\d.]+ GFLOPS$/m);
  expect(stdout).toMatch(/^training step of a CNN, 32 images of 32 × 32 +[\d.]+ ms +[\d.]+ images\/s$/m);
  expect(stdout).toMatch(/^adding 64 numbers +[\d.]+ µs +\d+ operations\/s$/m);
});

test("with --profile it lists the kernels of a step and writes a trace with a bar for each", async () => {
  const trace = join(scratch, "step.json");
  const { code, stdout } = await dlHere("bench", ...brief, "--profile", "--trace", trace);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^one training step: \d+ kernels, [\d.]+ of [\d.]+ ms$/m);
  expect(stdout).toMatch(/^kernel +launches +ms +share +read, written$/m);
  // Three convolutions, of which the first needs no gradient by its images.
  expect(stdout).toMatch(/^conv2d +3 +[\d.]+ +[\d.]+ % +[\d.]+ MiB$/m);
  expect(stdout).toMatch(/^conv2dInputGradient +2 /m);
  expect(stdout).toMatch(/^adamUpdate +10 /m);
  expect(stdout).toContain(`trace: ${trace}`);

  const { traceEvents } = JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: { ph: string; name: string; dur: number }[] };
  expect(traceEvents[0]).toMatchObject({ ph: "M", args: { name: expect.stringMatching(/^wasm/) } });
  const bars = traceEvents.filter(({ ph }) => ph === "X");
  expect(bars).toHaveLength(Number(/(\d+) kernels/.exec(stdout)![1]));
  expect(bars.filter(({ name }) => name === "conv2dFilterGradient")).toHaveLength(3);
});

test("with --json there is one line, with the kernels where they were asked for", async () => {
  const plain = await dlHere("bench", ...brief, "--json");
  const { rows, profile } = JSON.parse(plain.stdout) as { rows: { rate: number; calls: number }[]; profile?: object };
  expect(rows).toHaveLength(3);
  for (const { rate, calls } of rows) expect(rate > 0 && calls >= 3).toBe(true);
  expect(profile).toBeUndefined();

  const trace = join(scratch, "json.json");
  const profiled = await dlHere("bench", ...brief, "--json", "--profile", "--trace", trace);
  expect(profiled.stdout.trimEnd().split("\n")).toHaveLength(1);
  const found = JSON.parse(profiled.stdout) as { profile: { kernels: { name: string; bytes: number }[]; trace: string } };
  expect(found.profile.trace).toBe(trace);
  for (const { name, bytes } of found.profile.kernels) expect(bytes, name).toBeGreaterThan(0);
});

test.for([
  [["quick"], /expected no words but options, got quick/],
  [["--trace", "a.json"], /--trace: expected --profile beside it/],
  [["--profile", "--trace", "a.txt"], /--trace: expected a file that ends in \.json, got "a\.txt"/],
  [["--seconds", "0"], /--seconds: expected a number > 0, got "0"/],
] as const)("dl bench %j is told what is wrong", async ([words, message]) => {
  const { code, stdout, stderr } = await dlHere("bench", ...words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
});

test("a place where no trace can be written is named", async () => {
  const { code, stderr } = await dlHere("bench", ...brief, "--profile", "--trace", join(scratch, "nowhere", "a.json"));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^dl: .*nowhere/m);
});
