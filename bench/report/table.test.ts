import { expect, test } from "vitest";
import type { CaseResult } from "../measure/run-case.ts";
import { formatMeasurement, rowsOf, textTable } from "./table.ts";

const timing = (median: number): CaseResult["ours"] => ({
  median,
  min: median / 2,
  max: median * 2,
  mean: median,
  samples: 9,
  turns: [median],
});
const result: CaseResult = {
  name: "cnn",
  title: "CNN step",
  unit: "ms",
  device: "wasm (SIMD)",
  versions: {},
  check: [],
  ours: timing(16.24),
  peers: {
    torch: { device: "PyTorch", versions: {}, measurement: timing(20), ratio: { median: 0.812, min: 0.79, max: 0.9 }, difference: 0 },
    "tfjs-wasm": "not installed",
  },
  gflops: 41.26,
  floors: [
    { peer: "torch", floor: "≤ 1.30 × PyTorch", value: 0.812, met: true },
    { floor: "≥ 50 GFLOPS", value: 41.26, met: false },
  ],
};

test("a line a peer; the first one carries the case, a missing peer its reason", () => {
  expect(rowsOf(result)).toEqual([
    [
      "CNN step",
      "16.2 ms (8.12–32.5), 41.3 GFLOPS",
      "PyTorch",
      "20.0 ms (10.0–40.0)",
      "0.81 (0.79–0.90)",
      "met: ≤ 1.30 × PyTorch; MISSED: ≥ 50 GFLOPS",
    ],
    ["", "", "no tfjs-wasm", "", "not installed", ""],
  ]);
});

test("small times are microseconds, memory is whole MiB, three digits count", () => {
  expect(formatMeasurement(timing(0.0812))).toBe("81.2 µs (40.6–162)");
  expect(formatMeasurement({ peakBytes: 118.4 * 2 ** 20 })).toBe("118 MiB");
});

test("columns line up, and no line ends in spaces", () => {
  const lines = textTable([result]).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]!.indexOf("beside")).toBe(lines[1]!.indexOf("PyTorch"));
  for (const line of lines) expect(line).toBe(line.trimEnd());
});
