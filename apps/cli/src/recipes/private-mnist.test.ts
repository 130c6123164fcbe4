import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { dlHere } from "../dl-fixture.ts";
import { privateMnist, TanhNetwork } from "./private-mnist.ts";

test("the network has the 26,010 weights of the paper", () => {
  using model = new TanhNetwork(new Rng(1));
  expect(model.parameterCount).toBe(26_010);
});

test("dl train private-mnist spends its budget and no more, says so, and is measured again by dl evaluate", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dl-private-"));
  try {
    const words = [
      "--limit",
      "48",
      "--epochs",
      "1",
      "--batch-size",
      "24",
      "--backend",
      "wasm",
      "--threads",
      "1",
      "--out",
      join(folder, "run"),
      "--json",
    ];
    const ended = await dlHere("train", "private-mnist", ...words);
    expect(ended.code, ended.stderr).toBe(0);
    const { metrics } = JSON.parse(ended.stdout) as { metrics: Record<string, number> };
    // A goal without its metric would fail at the end of a whole run.
    expect(Object.keys(metrics)).toEqual(expect.arrayContaining(Object.keys(privateMnist.presets[0].goals!)));
    expect(metrics.epsilon).toBeLessThanOrEqual(3);
    expect(metrics.epsilon).toBeGreaterThan(2.9);
    const resumed = await dlHere("resume", join(folder, "run"), "--json");
    expect(JSON.parse(resumed.stdout)).toMatchObject({ reason: "finished", metrics });
    const again = await dlHere("evaluate", join(folder, "run"), "--json", "--backend", "wasm", "--threads", "1");
    expect((JSON.parse(again.stdout) as { metrics: Record<string, number> }).metrics["test/loss"]).toBeCloseTo(metrics["test/loss"]!, 6);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
