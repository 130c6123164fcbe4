import { expect, test } from "vitest";
import { cases } from "../cases.ts";
import { quickPlan } from "../measure/rounds.ts";
import { field } from "./field.ts";
import { judgeDevices, verdictOf } from "./floors.ts";
import { type DeviceCase, runDevices } from "./run-devices.ts";
import { markdown, textTable } from "./table.ts";

test("a workload runs on every device there is, from the same weights, and who is missing says why", async () => {
  const bench = cases.find(({ name }) => name === "cnn-step-32")!;
  // Python's peers have their own tests, or none: what starts within seconds does here.
  const names = ["@dl wasm", "@dl wasm, 1 thread", "@dl cpu", "@dl tensorflow", "@dl cuda", "tfjs-node", "jax-js"];
  const chosen = field.filter(({ name }) => names.includes(name));
  const result = await runDevices(bench, { field: chosen, node: process.execPath, threads: 2, seed: 1, quick: true, plan: quickPlan });

  const there = result.rows.map(({ name }) => name);
  expect([...there, ...result.absent.map(({ name }) => name)].sort()).toEqual([...names].sort());
  expect(there).toEqual(expect.arrayContaining(["@dl wasm", "@dl wasm, 1 thread", "@dl cpu", "jax-js"]));
  for (const { reason } of result.absent) expect(reason.length).toBeGreaterThan(20);
  for (const { timing, peakBytes, launches, difference, name } of result.rows) {
    expect(timing.turns).toHaveLength(2);
    expect(peakBytes).toBeGreaterThan(2 ** 20);
    expect(difference).toBeLessThanOrEqual(bench.tolerance);
    if (name.startsWith("@dl")) expect(launches).toBeGreaterThan(20);
  }
  expect(result.rows[0]!.ratio).toEqual({ median: 1, min: 1, max: 1 });
  expect(textTable([result]).split("\n")).toHaveLength(2 + result.rows.length + result.absent.length);
  expect(markdown([result])).toContain("| @dl wasm | wasm (");
}, 300_000);

test("what runs in Chromium computes the same; who is slow takes part where it says", async () => {
  const bench = cases.find(({ name }) => name === "matmul-512")!;
  const names = ["@dl wasm", "@dl webgpu in Chromium", "jax-js in Chromium"];
  const options = { field: field.filter(({ name }) => names.includes(name)), node: process.execPath, threads: 2, seed: 1 };
  const result = await runDevices(bench, { ...options, quick: true, plan: quickPlan });
  const there = result.rows.map(({ name, device }) => `${name}: ${device}`);
  if (result.absent.length === 0) {
    expect(there).toEqual([
      expect.stringMatching(/^@dl wasm: wasm/),
      expect.stringMatching(/^@dl webgpu in Chromium: webgpu \(/),
      "jax-js in Chromium: jax-js (webgpu)",
    ]);
    expect(result.rows[1]!.versions.Chromium).toMatch(/^\d+\./);
  } else for (const { reason } of result.absent) expect(reason).toMatch(/no browser at/);
  expect(field.filter(({ takes }) => takes?.test("cnn-step-64") ?? true).map(({ name }) => name)).not.toContain("jax-js");
}, 300_000);

test("floors compare two of one case; without one that was asked they are not judged, which is not met", () => {
  const row = (name: string, median: number): DeviceCase["rows"][number] => ({
    name,
    ours: name.startsWith("@dl"),
    device: name,
    versions: {},
    timing: { median, min: median, max: median, mean: median, samples: 1, turns: [median] },
    ratio: { median: 1, min: 1, max: 1 },
    peakBytes: 1,
    launches: null,
    difference: 0,
  });
  const cnn = { name: "cnn-step-32", title: "", rows: [row("@dl tensorflow", 30), row("PyTorch", 15), row("tfjs-node", 60)], absent: [] };
  const overhead = { name: "add-64-wasm", title: "", rows: [row("@dl tensorflow", 0.007)], absent: [] };
  expect(judgeDevices([cnn, overhead])).toEqual([
    { text: "cnn-step-32: @dl tensorflow 2.00 × PyTorch, at most 1.50", met: false },
    { text: "cnn-step-32: @dl tensorflow 0.50 × tfjs-node, at most 0.67", met: true },
    { text: "an operation on @dl tensorflow: 7.00 µs, at most 8", met: true },
  ]);
  const gan = { ...cnn, name: "gan-step-64", rows: [row("@dl wasm", 24), row("@dl tensorflow", 18), row("PyTorch", 15)] };
  expect(judgeDevices([gan])).toEqual([
    { text: "gan-step-64: @dl wasm 1.60 × PyTorch, at most 1.50", met: false },
    { text: "gan-step-64: @dl tensorflow 1.20 × PyTorch, at most 1.50", met: true },
  ]);
  // PyTorch was asked for and did not come; tfjs-node was left out.
  const alone = { ...cnn, rows: [row("@dl tensorflow", 30)], absent: [{ name: "PyTorch", reason: "no Python with torch" }] };
  const withoutCpu = { ...overhead, rows: [], absent: [{ name: "@dl cpu", reason: "it is away" }] };
  const unjudged = judgeDevices([alone, withoutCpu]);
  expect(unjudged.map(({ met }) => met)).toEqual([undefined, undefined]);
  expect(unjudged.map(verdictOf)).toEqual([
    "not judged: cnn-step-32: @dl tensorflow at most 1.50 × PyTorch: no PyTorch, no Python with torch",
    "not judged: an operation on @dl cpu, at most 2 µs: no @dl cpu, it is away",
  ]);
  expect(judgeDevices([cnn, overhead]).map(verdictOf)[0]).toMatch(/^MISSED: cnn-step-32/);
  const gpus = [
    { ...row("@dl webgpu", 40), launches: 38 },
    { ...row("tfjs-webgpu", 100), launches: 92 },
  ];
  expect(judgeDevices([{ ...cnn, rows: gpus }])).toEqual([
    { text: "cnn-step-32: @dl webgpu 0.40 × tfjs-webgpu, at most 0.50", met: true },
    { text: "cnn-step-32: @dl webgpu 0.41 × launches of tfjs-webgpu, at most 0.50", met: true },
  ]);
});
