import { expect, test } from "vitest";
import { cases } from "./cases.ts";
import { findPython } from "./contestants/python.ts";
import { parseOptions } from "./options.ts";
import { textTable } from "./report/table.ts";
import { runBench } from "./run.ts";

const python = await findPython();

test("every case runs, agrees with its peers from the same weights, and reports all that decides the result", async () => {
  const inputs = ["--quick", "--threads", "2"];
  const report = await runBench(parseOptions(inputs), { inputs, onCase: () => {} });

  expect(report).toMatchObject({ format: "dl-bench-1", command: "pnpm bench --quick --threads 2", mode: "quick", seed: 1, threads: 2 });
  expect(report.device).toMatch(/^wasm \(/);
  expect(report.versions).toMatchObject({
    node: process.versions.node,
    tfjs: "4.22.0",
    dl: expect.stringMatching(/^[0-9a-f]{12}|unknown/),
  });
  expect(report.machine.cores).toBeGreaterThan(0);
  expect(report.cases.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));

  for (const [i, result] of report.cases.entries()) {
    const bench = cases[i]!;
    expect(result.check.every(Number.isFinite), `check of ${bench.name}`).toBe(true);
    expect(Object.keys(result.peers)).toEqual(bench.peers);
    if ("turns" in result.ours) expect(result.ours).toMatchObject({ turns: [expect.any(Number), expect.any(Number)], samples: 2 });
    else expect(result.ours.peakBytes).toBeGreaterThan(2 ** 20);
    for (const [name, peer] of Object.entries(result.peers)) {
      if (name === "torch" && "reason" in python) expect(peer).toBe(python.reason);
      else expect(peer).toMatchObject({ ratio: { median: expect.any(Number) }, difference: expect.any(Number) });
    }
    expect(result.floors).toEqual([]);
  }
  // Training moves: the losses of the first steps fall.
  const losses = report.cases.find(({ name }) => name === "cnn-step-32")!.check;
  expect(losses[2]).toBeLessThan(losses[0]!);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(textTable(report.cases).split("\n")).toHaveLength(1 + cases.reduce((lines, { peers }) => lines + peers.length, 0));
}, 300_000);

test("options that make no sense say what would", () => {
  expect(() => parseOptions(["--only", "nothing"])).toThrow(/--only: expected the beginning of cnn-step-32, .* got nothing/);
  expect(() => parseOptions(["--threads", "0"])).toThrow("--threads: expected a whole number ≥ 1, got 0.");
  expect(() => parseOptions(["--quick", "--check"])).toThrow(/a quick run measures nothing/);
  expect(() => parseOptions(["--relaxed", "--no-relaxed"])).toThrow(/got both/);
  expect(parseOptions(["--only", "matmul", "--only", "lenet"]).cases).toHaveLength(4);
});
