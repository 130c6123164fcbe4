import { expect, test } from "vitest";
import type { BenchCase } from "../case.ts";
import { judge, verdictOf } from "./judge.ts";
import type { CaseResult, PeerResult } from "./run-case.ts";

const peer = (median: number): PeerResult => ({
  device: "peer",
  versions: {},
  measurement: { peakBytes: 1 },
  ratio: { median, min: median, max: median },
  difference: 0,
});
const result = (device: string, peers: CaseResult["peers"]): Omit<CaseResult, "floors"> => ({
  name: "case",
  title: "A case",
  unit: "ms",
  device,
  versions: { node: "24.1.0" },
  check: [],
  ours: { peakBytes: 1 },
  peers,
  gflops: 39.9,
});
const floors: BenchCase["floors"] = [
  { of: "ratio", peer: "torch", atMost: ({ relaxed, nodeMajor }) => (relaxed && nodeMajor >= 24 ? 1 : 1.3) },
  { of: "ratio", peer: "tfjs-wasm", atMost: () => 1 / 20 },
  { of: "rate", atLeast: 40 },
];

test("a floor may depend on what ran: the same ratio passes with plain SIMD and fails with relaxed", () => {
  const peers = { torch: peer(1.2), "tfjs-wasm": peer(0.04) };
  expect(judge({ floors }, result("wasm (SIMD, 2 threads)", peers)).map(({ met }) => met)).toEqual([true, true, false]);
  expect(judge({ floors }, result("wasm (relaxed SIMD, 2 threads)", peers)).map(({ met }) => met)).toEqual([false, true, false]);
});

test("floors read as people say them", () => {
  const judged = judge({ floors }, result("wasm (SIMD)", { torch: peer(1.2), "tfjs-wasm": peer(0.04) }));
  expect(judged.map(({ floor }) => floor)).toEqual(["≤ 1.30 × PyTorch", "≥ 20× faster than tfjs-wasm", "≥ 40 GFLOPS"]);
});

test("a floor whose peer is not there is not judged, and a ratio that is no number passes nothing", () => {
  const judged = judge({ floors }, result("wasm (SIMD)", { torch: "no torch", "tfjs-wasm": peer(0.04) }));
  expect(judged.map(({ met }) => met)).toEqual([undefined, true, false]);
  expect(judged.map(verdictOf)).toEqual(["not judged: ≤ 1.30 × PyTorch", "met: ≥ 20× faster than tfjs-wasm", "MISSED: ≥ 40 GFLOPS"]);
  expect(judge({ floors }, result("wasm (SIMD)", { torch: peer(Number.NaN) }))[0]?.met).toBe(false);
  const launches = judge({ floors: [{ of: "launches", peer: "tfjs-webgpu", atMost: 0.5 }] }, result("webgpu", { "tfjs-webgpu": "no GPU" }));
  expect(launches.map(verdictOf)).toEqual(["not judged: ≤ 0.50 × the launches of tfjs-webgpu"]);
});
