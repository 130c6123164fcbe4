/** Slow: every panel on a software GPU, and ten minutes of training without growing memory. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingBrowser, StudioFixture } from "../src/studio-fixture.ts";

const minutes = Number(process.env.DL_STUDIO_SOAK_MINUTES ?? 10);

describe.skipIf(missingBrowser !== undefined)("in Chromium, for a while", () => {
  let studio: StudioFixture;
  beforeAll(async () => {
    studio = await StudioFixture.make();
  }, 300_000);
  afterAll(() => studio?.[Symbol.asyncDispose]());

  test.each([
    ["generate", "#/generate?epochs=1&count=200&batchSize=100", "Train"],
    ["write", "#/write?steps=10&batchSize=2", "Train"],
    ["play", "#/play?steps=1000", "Train"],
    ["evolve", "#/evolve?trials=2&population=2&count=100&epochs=1", "Search"],
  ] as const)("%s trains some steps on WebGPU", async (name, hash, verb) => {
    const page = await studio.open({ hash, device: "webgpu", gpu: true });
    await page.getByRole("button", { name: verb, exact: true }).click();
    await page.locator(".run-state", { hasText: /^Done/ }).waitFor({ timeout: 600_000 });
    expect(await page.locator(".device button").first().textContent()).toMatch(/^webgpu/);
    await studio.look(page, `${name}-webgpu`);
    await page.context().close();
  });

  test(`${minutes} minutes of training, looking and drawing take no more memory than the first`, async () => {
    const page = await studio.open({ hash: "#/classify?epochs=100&count=400&batchSize=16" });
    const start = page.getByRole("button", { name: /^Train( again)?$/ });
    await start.click();
    const begun = Date.now();
    const sizes: number[] = [];
    while (Date.now() - begun < 60_000 * minutes) {
      await page.waitForTimeout(15_000);
      if (await start.isVisible()) await start.click();
      sizes.push(await heapOf(page));
    }
    const quarter = Math.max(1, Math.floor(sizes.length / 4));
    const mean = (some: readonly number[]): number => some.reduce((sum, size) => sum + size, 0) / some.length;
    const [early, late] = [mean(sizes.slice(quarter, 2 * quarter)), mean(sizes.slice(-quarter))];
    console.log(`megabytes after collection: ${sizes.map((size) => (size / 1e6).toFixed(1)).join(" ")}`);
    // Curves keep at most 2000 points a line, and the list of runs one entry: a twentieth is room for the collector's moods.
    expect(late).toBeLessThan(1.05 * early + 2e6);
    await page.context().close();
  });
});

/** The page's heap after a collection. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}
