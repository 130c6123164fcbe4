/** The studio as people get it: built, served from some path, opened in Chromium. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dlHere } from "@dl/cli/testing";
import { encodePng } from "@dl/train";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unzipRun } from "./storage/run-archive.ts";
import { missingBrowser, StudioFixture } from "./studio-fixture.ts";

if (missingBrowser !== undefined) console.warn(`the studio in the browser: not run, ${missingBrowser}.`);

test.runIf(process.env.CI === "true")("a browser is at hand where results count", () => {
  expect(missingBrowser).toBeUndefined();
});

/** The kilobytes, gzipped, that a page may need before its data. */
const firstLoad = 300;

/** Opens a panel in the page, and waits until it has taken the place of the one before. */
async function visit(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator(`.rail a[href="${/#\/\w*/.exec(address)![0]}"][aria-current=page]`).waitFor();
}

/** Trains to the end, from the beginning. */
async function train(page: Page, verb = "Train"): Promise<void> {
  // Of an earlier run nothing may be left to be seen: its end would be taken for this one's.
  const forget = page.getByRole("button", { name: "Forget this run" });
  if (await forget.isEnabled()) await forget.click();
  await page.getByRole("button", { name: verb, exact: true }).click();
  await page.locator(".run-state", { hasText: /^Done/ }).waitFor({ timeout: 60_000 });
}

/** Picks a device in the bar, for the next start. */
async function choose(page: Page, name: RegExp): Promise<void> {
  await page.locator(".device button").first().click();
  await page.getByLabel(name).check();
  await page.keyboard.press("Escape");
}

/**
 * The tasks of the page's own thread during `work`, in milliseconds of the thread's time: what a busy machine takes from it, which is
 * what the browser's observer of long tasks counts as well, does not.
 */
async function tasksOf(page: Page, work: () => Promise<void>): Promise<number[]> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ["toplevel", "blink.user_timing"] });
  await page.evaluate("performance.mark('the page')");
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly {
      readonly name: string;
      readonly ph: string;
      readonly pid: number;
      readonly tid: number;
      readonly tdur?: number;
    }[];
  };
  const mark = traceEvents.find(({ name }) => name === "the page")!;
  return traceEvents
    .filter(({ name, ph, pid, tid }) => ph === "X" && /RunTask$/.test(name) && pid === mark.pid && tid === mark.tid)
    .map(({ tdur = 0 }) => tdur / 1000);
}

describe.skipIf(missingBrowser !== undefined)("in Chromium", () => {
  let studio: StudioFixture;
  beforeAll(async () => {
    studio = await StudioFixture.make();
  }, 300_000);
  afterAll(() => studio?.[Symbol.asyncDispose]());

  test("the landing page and its first training need less than 300 kB, and the README's example runs", async () => {
    const page = await studio.open();
    const bodies: Promise<Buffer>[] = [];
    page.on("response", (response) => {
      // Data come after, and are kept for visits without a connection.
      if (!response.url().includes("/data/")) bodies.push(response.body().catch(() => Buffer.alloc(0)));
    });
    await page.reload();
    await page.getByRole("button", { name: "Train from the beginning" }).click();
    await page.getByText(/step 500/).waitFor({ timeout: 30_000 });
    const kilobytes = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0) / 1000;
    console.log(`the first load, with the training on the landing page: ${kilobytes.toFixed(0)} kB gzipped`);
    expect(kilobytes).toBeGreaterThan(50);
    expect(kilobytes).toBeLessThan(firstLoad);
    await page.getByRole("tab", { name: "@dl/nn" }).click();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page
      .getByRole("log")
      .getByText(/^0\.\d+ \[64,2\] 624$/)
      .waitFor({ timeout: 30_000 });
    await studio.look(page, "home");
    await page.context().close();
  });

  describe("one after the other in one page", () => {
    let page: Page;
    beforeAll(async () => {
      page = await studio.open();
    });
    afterAll(() => page?.context().close());

    test("a classifier is trained, drawn for, looked into, kept, exported, read by dl, and imported again", async () => {
      await visit(page, `${studio.address(true)}#/classify?epochs=2&count=400&batchSize=16&learningRate=0.004`);
      await train(page);
      expect(await page.locator(".reading b").first().textContent()).toMatch(/^(8|9)\d\.\d %|^100/);
      const pad = page.getByLabel(/^Drawing pad/);
      await pad.scrollIntoViewIfNeeded();
      const box = (await pad.boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.8, { steps: 8 });
      await page.mouse.up();
      await page.getByLabel("Draw", { exact: true }).locator("i.best").waitFor();
      await page.getByRole("img", { name: /feature maps of conv2/ }).waitFor();
      // The same by keys: the pen is put down in the middle, and drawn upwards.
      await page.getByLabel("Draw", { exact: true }).getByRole("button", { name: "Clear" }).click();
      await page.getByText("Draw here").waitFor();
      await pad.focus();
      await page.keyboard.press("Space");
      for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Space");
      await page.getByRole("img", { name: /^What the network sees/ }).waitFor();
      await page.getByLabel("Draw", { exact: true }).locator("i.best").waitFor();
      await page.keyboard.press("Delete");
      await page.getByText("Draw here").waitFor();
      await studio.look(page, "classify");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Export the run at hand" }).click(),
      ]);
      const zip = await readFile(await download.path());
      const folder = join(studio.folder, "exported");
      await mkdir(folder);
      for (const [name, bytes] of Object.entries(unzipRun(new Map([["run.zip", Uint8Array.from(zip)]]))))
        await writeFile(join(folder, name), bytes);
      const picture = join(folder, "bar.png");
      // A bar in the fifth place.
      await writeFile(
        picture,
        encodePng({
          width: 28,
          height: 28,
          channels: 1,
          data: Uint8Array.from({ length: 784 }, (_, at) => (Math.floor((at % 28) / 2.8) === 4 ? 220 : 20)),
        }),
      );
      const { stdout, stderr } = await dlHere("predict", folder, picture, "--backend", "cpu", "--json");
      expect(stdout, stderr).toContain('"4"');
      const accuracy = page.locator(".reading b").first();
      const trained = await accuracy.textContent();
      await page.reload();
      await page.getByRole("button", { name: /^Open LeNet on Bars/ }).waitFor();
      await page
        .locator('input[accept=".zip,.json,.safetensors"]')
        .setInputFiles({ name: "run.zip", mimeType: "application/zip", buffer: zip });
      await page.getByText("This run had finished.", { exact: true }).waitFor();
      await page.locator(".run-state", { hasText: /^Done/ }).waitFor();
      expect(await accuracy.textContent()).toBe(trained);
    });

    test("a training is paused, stepped and gone on with, and the page stays quick", async () => {
      await visit(page, `${studio.address(true)}#/classify?epochs=100&count=2000&batchSize=8&learningRate=0.00005`);
      await page.getByRole("button", { name: /^Train( again)?$/ }).click();
      await page.locator(".run-state", { hasText: /^Training · epoch [2-9]/ }).waitFor({ timeout: 30_000 });
      const session = await page.context().newCDPSession(page);
      // The thread's own time: what a busy machine takes from it does not count.
      await session.send("Performance.enable", { timeDomain: "threadTicks" });
      const busy = async (): Promise<number> => {
        const { metrics } = await session.send("Performance.getMetrics");
        return metrics.find(({ name }) => name === "TaskDuration")!.value;
      };
      const [before0, start] = [await busy(), performance.now()];
      const tasks = await tasksOf(page, () => page.waitForTimeout(3000));
      const share = (1000 * ((await busy()) - before0)) / (performance.now() - start);
      const [long, frames] = [50, 1000 / 60].map((limit) => tasks.filter((task) => task > limit).length) as [number, number];
      console.log(
        `while training, the page's thread worked ${(100 * share).toFixed(0)} % of the time; of its ${tasks.length} tasks ${frames} took more than a frame and ${long} more than 50 ms, the longest ${Math.max(...tasks).toFixed(0)} ms`,
      );
      expect(tasks.length).toBeGreaterThan(10);
      expect(share).toBeLessThan(0.25);
      // A long task is one over 50 ms; of 180 frames one in twenty may be late, for the collector of garbage.
      expect(long).toBe(0);
      expect(frames).toBeLessThanOrEqual(9);
      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator(".run-state", { hasText: /^Paused/ }).waitFor();
      // Of 100 epochs of 360 pictures. The loss as it is shown may stay the same from step to step.
      const step = async (): Promise<number> =>
        Math.round(100 * Math.ceil(360 / 8) * Number(/[\d.e-]+(?=\))/.exec((await page.locator(".meter i").getAttribute("style"))!)![0]));
      const before = await step();
      await page.getByRole("button", { name: "One step" }).click();
      await expect.poll(step).toBe(before + 1);
      await page.keyboard.press("k");
      await page.locator(".run-state", { hasText: /^Training/ }).waitFor();
      await page.getByRole("button", { name: "Forget this run" }).click();
      await page.getByRole("button", { name: "Train", exact: true }).waitFor();
    });

    test("numbers are typed digit by digit, and what is none of them leaves the value as it was", async () => {
      await visit(page, `${studio.address(true)}#/classify?epochs=2&count=100`);
      const type = async (name: string, keys: string): Promise<string> => {
        const field = page.getByRole("textbox", { name });
        await field.press("ControlOrMeta+A");
        await field.pressSequentially(keys);
        return await field.inputValue();
      };
      expect(await type("Learning rate", "0.0105")).toBe("0.0105");
      expect(await type("Epochs", "12")).toBe("12");
      expect(page.url()).toMatch(/epochs=12&count=100&learningRate=0\.0105$/);
      expect(await type("Epochs", "1x")).toBe("1x");
      await page.getByText("Expected a number. It stays 1.").waitFor();
      await page.keyboard.press("Tab");
      expect(await page.getByRole("textbox", { name: "Epochs" }).inputValue()).toBe("1");
    });

    test("a run that had finished keeps its line in the list when it is opened, and its training goes on beside the landing page", async () => {
      await page.emulateMedia({ reducedMotion: "no-preference" });
      await visit(page, `${studio.address(true)}#/play?steps=1000`);
      await train(page);
      const line = page.getByRole("list").getByText(/^return [\d.]+ after 1024 steps/);
      const before = await line.textContent();
      await page.reload();
      await page.getByRole("button", { name: /^Open CartPole by PPO/ }).click();
      await page.locator(".run-state", { hasText: /^Done/ }).waitFor({ timeout: 60_000 });
      await page.waitForTimeout(500);
      expect(await line.textContent()).toBe(before);
      // The landing page begins to train by itself, where nothing else does.
      await visit(page, `${studio.address(true)}#/play?steps=2000000`);
      await page.getByRole("button", { name: "Train again", exact: true }).click();
      const state = page.locator(".run-state", { hasText: /^Training · \d/ });
      await state.waitFor({ timeout: 60_000 });
      // By keys alone: the arrows choose who plays, then steer, and choose again.
      const agent = page.getByLabel("Agent", { exact: true });
      await agent.focus();
      await page.keyboard.press("ArrowRight");
      await page.getByText("Press a key to begin.").waitFor();
      await page.keyboard.down("ArrowRight");
      await page.getByText(/^step \d+, your return|^Over after/).waitFor();
      await page.keyboard.up("ArrowRight");
      await page.keyboard.press("Shift+Tab");
      expect(await page.evaluate("document.activeElement.name")).toBe("who");
      await page.keyboard.press("ArrowLeft");
      expect(await agent.isChecked()).toBe(true);
      await visit(page, `${studio.address(true)}#/`);
      await page.locator("main h1").waitFor();
      await page.waitForTimeout(500);
      await visit(page, `${studio.address(true)}#/play`);
      expect(await page.locator(".run-state").first().textContent()).toMatch(/^Training/);
      await page.getByRole("button", { name: "Forget this run" }).click();
      await page.emulateMedia({ reducedMotion: "reduce" });
    });

    test("the camera gives pictures for classes of one's own, and the network says what it sees", async () => {
      await visit(page, `${studio.address(true)}#/classify?set=folder&network=layers&layers=conv4+pool+dense8&epochs=3&batchSize=4`);
      const camera = page.getByLabel("Camera", { exact: true });
      const turn = camera.getByRole("button", { name: "Turn it on" });
      await page.evaluate("globalThis.real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)");
      for (const [name, message] of [
        ["NotAllowedError", /^The browser may not use the camera\. Allow it/],
        ["NotFoundError", /^There is no camera\. Connect one/],
        ["NotReadableError", /another program uses it/],
      ] as const) {
        await page.evaluate(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "${name}"))`);
        await turn.click();
        await camera.getByRole("alert").filter({ hasText: message }).waitFor();
      }
      await page.evaluate("navigator.mediaDevices.getUserMedia = globalThis.real");
      await page.getByRole("button", { name: /^Train( again)?$/ }).click();
      await page.locator(".notice p", { hasText: "Got no pictures." }).waitFor();
      await turn.click();
      await page.waitForFunction("document.querySelector('video')?.readyState >= 2");
      for (const name of ["one", "two"]) {
        await camera.getByRole("textbox", { name: "Class" }).fill(name);
        await camera.getByRole("button", { name: "Take 10" }).click();
        await camera
          .getByRole("listitem")
          .filter({ hasText: `${name}10` })
          .waitFor();
      }
      await train(page);
      expect(await page.locator(".notice").count()).toBe(0);
      await camera.locator("i.best").waitFor();
      await studio.look(page, "camera");
      expect(await studio.barriers(page)).toEqual([]);
      await camera.getByRole("button", { name: "Turn it off" }).click();
      expect(await page.locator("video").count()).toBe(0);
    });

    test.each([
      ["generate", "?epochs=1&count=200&batchSize=16", "Train", /drawings at step 12/],
      ["write", "?steps=12", "Train", /^Attention of head 1/],
      ["play", "?steps=1000", "Train", /^Policy by/],
      ["evolve", "?trials=3&population=2&count=100&epochs=1", "Search", /^3 networks by size/],
    ] as const)("%s trains some steps on WebAssembly and shows them", async (panel, query, verb, picture) => {
      await visit(page, `${studio.address(true)}#/${panel}${query}`);
      await train(page, verb);
      await page.getByRole("img", { name: picture }).first().waitFor();
      await studio.look(page, panel);
      expect(await studio.barriers(page)).toEqual([]);
    });

    test("a diffusion model draws before its first step, and tells how much of the noise it finds", async () => {
      await visit(page, `${studio.address(true)}#/generate?method=ddpm&epochs=1&count=200&batchSize=50`);
      await page.getByRole("button", { name: /^Train( again)?$/ }).click();
      await page.getByRole("img", { name: "64 drawings at step 0", exact: true }).waitFor({ timeout: 60_000 });
      const found = page.getByLabel("Gauges").locator(".gauge", { hasText: "Found of much noise" }).locator("b");
      // To the end it would be a minute's work: denoiser.test.ts trains one, and the soak on WebGPU.
      await expect.poll(() => found.textContent()).toMatch(/^-?0\.\d\d$/);
      await studio.look(page, "diffusion");
    });

    test("an adapter is kept, and goes on when it is opened again", async () => {
      await visit(page, `${studio.address(true)}#/write?steps=10&batchSize=2`);
      await train(page);
      await page.getByLabel("The second text").fill("a dog sat on a cat and a cat on a dog. ".repeat(20));
      await page.getByRole("button", { name: "Teach it" }).click();
      await page.locator(".run-state", { hasText: /^Training · step/ }).waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      const state = page.locator(".run-state");
      await state.filter({ hasText: /^Paused · step/ }).waitFor();
      const stepOf = async (): Promise<number> => Number(/step (\d+) of 300/.exec((await state.textContent()) ?? "")![1]);
      const stopped = await stepOf();
      await page.reload();
      await page.getByRole("button", { name: /^Open LoRA of rank 4 on a second text/ }).click();
      await state.filter({ hasText: /^Training · step/ }).waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      expect(await stepOf()).toBeGreaterThan(stopped);
      await page.getByText(/numbers learn, .* stay as they were/).waitFor();
    });
  });

  test("WebGPU trains; when its process dies the run says so, and goes on from its last files", async () => {
    const page = await studio.open({ hash: "#/classify?epochs=50&count=100&batchSize=16", device: "webgpu", gpu: true });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator(".run-state", { hasText: /^Training · epoch/ }).waitFor({ timeout: 60_000 });
    const chip = page.locator(".device button").first();
    expect(await chip.textContent()).toMatch(/^webgpu/);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator(".run-state", { hasText: /^Paused/ }).waitFor({ timeout: 60_000 });
    await studio.look(page, "classify-webgpu");
    await page.getByRole("button", { name: "Go on", exact: true }).click();
    const session = await page.context().browser()!.newBrowserCDPSession();
    await session.send("Browser.crashGpuProcess");
    const alert = page.getByRole("alert");
    await alert.filter({ hasText: "lost" }).waitFor({ timeout: 60_000 });
    await choose(page, /^WebAssembly, one thread/);
    await alert.getByRole("button", { name: "Go on from the last saved step" }).click();
    await page.locator(".run-state", { hasText: /^Training · epoch/ }).waitFor({ timeout: 60_000 });
    expect(await chip.textContent()).toMatch(/^wasm/);
    await page.context().close();
  });

  test("where there is no WebGPU it says what is missing, and another device is taken or chosen", async () => {
    const page = await studio.open({ hash: "#/classify?epochs=1&count=100&batchSize=50", device: "webgpu" });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/WebGPU|adapter/);
    await choose(page, /^Automatic/);
    await page.getByRole("button", { name: "Train again", exact: true }).click();
    await page.locator(".run-state", { hasText: /^Done/ }).waitFor({ timeout: 60_000 });
    expect(await page.locator(".device button").first().textContent()).toMatch(/^wasm/);
    await page.context().close();
  });

  test("a tab that is put to sleep stands still, trains on when it wakes, and loses nothing", async () => {
    const hash = "#/classify?epochs=12&count=200&batchSize=16&learningRate=0.0005";
    // Accuracy and loss; the third is the speed.
    const readings = async (page: Page) => (await page.locator(".reading b").allTextContents()).slice(0, 2);
    const page = await studio.open({ hash });
    // The events themselves, at the first sight of a training: Chromium does not freeze a page that Playwright keeps visible.
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (!/^Training · epoch/.test(document.querySelector(".run-state")?.textContent)) return;
      observer.disconnect();
      document.dispatchEvent(new Event("freeze"));
    }).observe(document.body, { subtree: true, childList: true, characterData: true })`);
    await page.getByRole("button", { name: "Train", exact: true }).click();
    const state = page.locator(".run-state");
    await state.filter({ hasText: /^Paused · epoch/ }).waitFor();
    const asleep = await readings(page);
    await page.waitForTimeout(500);
    expect(await readings(page)).toEqual(asleep);
    // What a browser throws away in its sleep is kept, and goes on when it is opened again.
    const kept = { name: /^Open LeNet on Bars/ };
    await page.getByRole("button", kept).waitFor();
    const thrownAway = await page.context().newPage();
    await visit(thrownAway, `${studio.address(true)}#/classify`);
    await thrownAway.getByRole("button", kept).click();
    await page.evaluate('document.dispatchEvent(new Event("resume"))');
    const done = { hasText: /^Done/ };
    for (const one of [page, thrownAway]) await one.locator(".run-state", done).waitFor({ timeout: 60_000 });
    const [slept, opened] = [await readings(page), await readings(thrownAway)];
    expect(opened).toEqual(slept);
    // The same run without a pause.
    await page.getByRole("button", { name: "Train again" }).click();
    await state.filter({ hasText: /^Training/ }).waitFor();
    await state.filter(done).waitFor({ timeout: 60_000 });
    expect(await readings(page)).toEqual(slept);
    await page.context().close();
  });

  test("without shared memory one thread trains, and the reason is told; after that visit it is isolated, and needs no connection", async () => {
    const page = await studio.open({ hash: "#/classify?epochs=1&count=100", isolated: false, device: "wasm", offline: true });
    await train(page);
    const chip = page.locator(".device button").first();
    expect(await chip.textContent()).toMatch(/^wasm \((relaxed )?SIMD\)$/);
    await chip.click();
    await page.getByText("Why not something faster").click();
    await page.getByText(/Cross-Origin-Opener-Policy/).waitFor();
    await page.getByText(/^It holds [\d.]+ [kM]B in [1-9]\d* tensors\.$/).waitFor();
    await page.locator("html[data-offline=ready]").waitFor({ state: "attached", timeout: 30_000 });
    await page.context().setOffline(true);
    await page.reload();
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    // What lies beside the studio on its host is not the studio's: it is neither kept nor changed.
    await page.context().setOffline(false);
    const neighbour = async (text: string): Promise<unknown> => {
      await writeFile(join(studio.folder, "site/neighbour.txt"), text);
      return await page.evaluate(
        "fetch('neighbour.txt').then(async (response) => [await response.text(), response.headers.get('Cross-Origin-Embedder-Policy')])",
      );
    };
    expect(await neighbour("one")).toEqual(["one", null]);
    expect(await neighbour("two")).toEqual(["two", null]);
    await page.context().setOffline(true);
    // Neither this panel was opened before, nor its data used.
    await visit(page, `${studio.address(false)}#/write?steps=12`);
    await train(page);
    await page.context().close();
  });

  test("what goes wrong ends in a message that says what to do", async () => {
    const page = await studio.open({ hash: "#/classify?epochs=1&count=100&seed=-3" });
    // A tenth of what a run needs.
    const session = await page.context().newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(page.url()).origin, quotaSize: 100_000 });
    const notice = page.locator(".notice p");
    expect(await notice.textContent()).toBe(
      'The link holds settings that make no sense here. Seed: expected a whole number from 0 to 2147483648, got "-3".',
    );
    // A link that is pasted into the open page, too.
    await visit(page, `${studio.address(true)}#/classify?epochs=1&count=100&batchSize=x`);
    await expect.poll(() => notice.textContent()).toMatch(/Batch: expected a whole number from \d+ to \d+, got "x"\.$/);
    await train(page);
    await expect.poll(() => notice.textContent()).toMatch(/^The browser has no room left for runs/);
    // Data that the browser throws away while the page is open: the next run is kept all the same.
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(page.url()).origin });
    await session.send("Storage.clearDataForOrigin", { origin: new URL(page.url()).origin, storageTypes: "indexeddb" });
    await train(page);
    await page.getByRole("button", { name: /^Open LeNet on Bars/ }).waitFor();
    expect(await page.locator(".notice").count()).toBe(0);
    await page.goto(`${studio.address(true)}#/clasify`);
    await expect.poll(() => notice.textContent()).toBe('There is no panel "clasify" here: this is the landing page.');
    await visit(page, `${studio.address(true)}#/classify`);
    const input = page.locator('input[accept=".zip,.json,.safetensors"]');
    await input.setInputFiles({ name: "torn.zip", mimeType: "application/zip", buffer: Buffer.from("PK\u0003\u0004 torn") });
    await expect.poll(() => notice.textContent()).toMatch(/^torn\.zip: expected a zip of a run, got one that is damaged or cut off/);
    const run = JSON.stringify({
      format: "dl-run-1",
      recipe: "lenet-mnist",
      preset: "default",
      settings: { epochs: 1, batchSize: 64, learningRate: 0.002, seed: 1, limit: 100 },
    });
    await input.setInputFiles([
      { name: "run.json", mimeType: "application/json", buffer: Buffer.from(run) },
      { name: "model.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from("not a model at all") },
    ]);
    await page.getByRole("alert").filter({ hasText: "model.safetensors" }).waitFor();
    for (const [panel, change, message] of [
      ["generate", { method: "x" }, "Method: expected one of dcgan"],
      ["write", { size: "x" }, "Model: expected one of tiny"],
      ["evolve", { strategy: "x" }, "Strategy: expected one of nsga2"],
    ] as const) {
      await visit(page, `${studio.address(true)}#/${panel}`);
      await page.locator("h1", { hasText: new RegExp(panel, "i") }).waitFor();
      const edited = JSON.stringify({ format: "dl-run-1", recipe: "studio", studio: { panel, settings: change } });
      const names = ["run.json", "model.safetensors", "config.json", "tokenizer.json"];
      await input.setInputFiles(names.map((name) => ({ name, mimeType: "application/json", buffer: Buffer.from(edited) })));
      await expect.poll(() => notice.textContent()).toContain(message);
    }
    await visit(page, `${studio.address(true)}#/inspect`);
    await page
      .getByLabel("File of predictions")
      .setInputFiles({ name: "torn.json", mimeType: "application/json", buffer: Buffer.from("[{") });
    await page.getByRole("alert").filter({ hasText: "torn.json: expected JSON, but it is damaged or cut off" }).waitFor();
    await input.setInputFiles([
      { name: "run.json", mimeType: "application/json", buffer: Buffer.from(run) },
      { name: "model.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from("not a model at all") },
    ]);
    await expect.poll(() => notice.textContent()).toMatch(/^model\.safetensors: /);
    await page.getByRole("button", { name: "Try it with an example" }).click();
    await page.getByText("largest gap").first().waitFor();
    await studio.look(page, "inspect");
    await page.context().close();
  });

  test("a phone shows it without scrolling sideways, in the dark too, and without what keeps people out", async () => {
    const page = await studio.open({ hash: "#/classify", width: 390, colours: "dark" });
    for (const panel of ["", "classify", "generate", "write", "play", "evolve", "inspect", "devices"]) {
      await visit(page, `${studio.address(true)}#/${panel}`);
      const current = page.locator(".rail a[aria-current=page]");
      await page.locator("main h1").waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth"), panel).toBeLessThanOrEqual(390);
      const { x, width } = (await current.boundingBox())!;
      expect(x, panel).toBeGreaterThanOrEqual(0);
      expect(x + width, panel).toBeLessThanOrEqual(390);
      await studio.look(page, `phone-${panel || "home"}`);
      expect(await studio.barriers(page), `${panel} in the dark`).toEqual([]);
      // All that differs in the light is colours.
      await page.emulateMedia({ colorScheme: "light" });
      expect(await studio.barriers(page, { rules: ["color-contrast"] }), `${panel} in the light`).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
    }
    await page.context().close();
  });
});
