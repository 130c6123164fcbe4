import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { quickPlan } from "../measure/rounds.ts";
import { claims } from "./claims.ts";
import { isUnjudged, measureClaim } from "./measure.ts";
import { markdown } from "./table.ts";
import { workloads } from "./workloads.ts";

const device = await openDevice(wasm({ threads: 1 }));
afterAll(() => device[Symbol.asyncDispose]());

test.each(claims.map((claim) => [claim.name, claim] as const))("%s runs, and takes time", async (_, { workload, parameters }) => {
  const [first, second] = await workloads[workload](device, parameters).run(2);
  expect(Math.min(first!, second!)).toBeGreaterThan(0);
});

test("a claim is measured beside Python, where there is one with gymnasium, in as many turns", async () => {
  const claim = claims.find(({ name }) => name === "vector-8")!;
  const result = await measureClaim(claim, { plan: quickPlan, node: process.execPath });
  expect(result.timings[0]!.turns).toHaveLength(2);
  expect(isUnjudged(result)).toBe(typeof result.theirs === "string");
  if (typeof result.theirs === "string") {
    expect(result.theirs).toContain("gymnasium");
    expect(markdown([result])).toContain("not judged: ≥ 20×");
  } else expect(result.ratio!.max).toBeGreaterThanOrEqual(result.timings[1]!.turns[0]! / result.timings[0]!.turns[0]!);
  expect(markdown([result]).split("\n")).toHaveLength(3);
}, 120_000);
