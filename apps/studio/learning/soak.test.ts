/** Slow: every panel on a software GPU, and minutes of training, on wasm and on WebGPU, without growing memory. */

import type { CDPSession, Page } from "playwright-core";
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
    ["diffusion", "#/generate?method=ddpm&epochs=1&count=200&batchSize=100", "Train"],
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

  test.each([
    { device: "wasm-1", gpu: false, lasting: minutes },
    { device: "webgpu", gpu: true, lasting: Math.max(1, minutes / 4) },
  ])(
    "$lasting minutes of training on $device take no more memory than the first, in page, worker and device",
    async ({ device, gpu, lasting }) => {
      const page = await studio.open({ hash: "#/classify?epochs=100&count=400&batchSize=16", device, gpu, before: countWasm });
      const start = page.getByRole("button", { name: /^Train( again)?$/ });
      const begin = async (): Promise<void> => {
        await page.keyboard.press("Escape");
        await start.click();
        await page.locator(".run-state", { hasText: /^Training · epoch/ }).waitFor({ timeout: 120_000 });
        // What the device holds is told there.
        await page.locator(".device button").first().click();
      };
      await begin();
      const begun = Date.now();
      const uses: Use[] = [];
      while (Date.now() - begun < 60_000 * lasting) {
        await page.waitForTimeout(Math.min(15_000, (60_000 * lasting) / 8));
        if (await start.isVisible()) await begin();
        uses.push(await useOf(page));
      }
      const quarter = Math.max(1, Math.floor(uses.length / 4));
      const mean = (some: readonly number[]): number => some.reduce((sum, size) => sum + size, 0) / some.length;
      for (const name of ["page", "worker", "wasm", "device", "tensors"] as const) {
        const sizes = uses.map((use) => use[name]);
        const isCount = name === "tensors";
        console.log(`${device}, ${name}: ${sizes.map((size) => (isCount ? size : (size / 1e6).toFixed(1))).join(" ")}`);
        const [early, late] = [mean(sizes.slice(quarter, 2 * quarter)), mean(sizes.slice(-quarter))];
        // Curves keep at most 2000 points a line, and the list of runs one entry: a twentieth is room for the collector's moods.
        expect(late, `${name} on ${device}`).toBeLessThan(1.05 * early + (isCount ? 8 : 2e6));
      }
      // A measure that reads nothing would not grow either.
      for (const use of uses) {
        const { wasm, ...others } = use;
        expect(Math.min(...Object.values(others)), JSON.stringify(use)).toBeGreaterThan(0);
        expect(wasm > 0, JSON.stringify(use)).toBe(!gpu);
      }
      await page.context().close();
    },
  );
});

/** Bytes after a collection of garbage, and tensors. */
interface Use {
  readonly page: number;
  readonly worker: number;
  /** Of all WebAssembly memories of the worker. */
  readonly wasm: number;
  /** As the device itself counts them. */
  readonly device: number;
  readonly tensors: number;
}

/**
 * Has every worker begin with lines that count the bytes of its WebAssembly memories, which no debugger tells: asked for all objects of
 * a kind (Runtime.queryObjects), Chromium 156 crashes on a worker that trains.
 */
const countWasm = `
  const prelude = URL.createObjectURL(new Blob([\`
    const memories = [];
    WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
      construct(Memory, options) {
        const memory = new Memory(...options);
        memories.push(new WeakRef(memory));
        return memory;
      },
    });
    globalThis.wasmBytes = () => memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0);
  \`], { type: "text/javascript" }));
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      const imports = [prelude, new URL(url, location.href)].map((module) => "import " + JSON.stringify(module) + ";").join("");
      super(URL.createObjectURL(new Blob([imports], { type: "text/javascript" })), options);
    }
  };
`;

async function useOf(page: Page): Promise<Use> {
  const session = await page.context().newCDPSession(page);
  // The protocol is typed by its methods, of which few are sent.
  const inPage = await heapOf(session.send.bind(session) as unknown as Send);
  const ofWorker = await inWorker(page, session, async (send) => {
    const heap = await heapOf(send);
    const { result } = await send<{ result: { value: number } }>("Runtime.evaluate", { expression: "wasmBytes()" });
    return { heap, wasm: result.value };
  });
  await session.detach();
  const told = /^It holds ([\d.]+) ([kM])B in (\d+) tensors\.$/.exec((await page.getByText(/^It holds /).textContent())!)!;
  const device = Number(told[1]) * (told[2] === "M" ? 1e6 : 1e3);
  return { page: inPage, worker: ofWorker.heap, wasm: ofWorker.wasm, device, tensors: Number(told[3]) };
}

type Send = <R>(method: string, parameters?: object) => Promise<R>;

async function heapOf(send: Send): Promise<number> {
  await send("HeapProfiler.enable");
  await send("HeapProfiler.collectGarbage");
  return (await send<{ usedSize: number }>("Runtime.getHeapUsage")).usedSize;
}

/** Speaks to the worker that trains, which to the browser is a target of its own. chromedevtools.github.io/devtools-protocol */
async function inWorker<T>(page: Page, session: CDPSession, work: (send: Send) => Promise<T>): Promise<T> {
  const attached = new Promise<string>((resolve) => {
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker" && targetInfo.title === "classify") resolve(sessionId);
    });
  });
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const sessionId = await answeredBy(page, { answer: attached, name: "the worker's debugger" });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  session.on("Target.receivedMessageFromTarget", ({ sessionId: from, message }) => {
    if (from !== sessionId) return;
    const { id, result, error } = JSON.parse(message) as { id?: number; result?: never; error?: { message: string } };
    const asked = id === undefined ? undefined : waiting.get(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result!);
  });
  let count = 0;
  return await work(async (method, params = {}) => {
    const id = ++count;
    const answer = new Promise<never>((resolve, reject) => waiting.set(id, { resolve, reject }));
    await session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params }) });
    return await answeredBy(page, { answer, name: method });
  });
}

/** A protocol answers or is silent, and a page that crashes is silent too: either ends the test with a name. */
async function answeredBy<T>(page: Page, { answer, name }: { answer: Promise<T>; name: string }): Promise<T> {
  const over = new AbortController();
  const silence = new Promise<never>((_, reject) => {
    const fail = (what: string): void => reject(new Error(`expected an answer of ${name}, got ${what}`));
    const crash = (): void => fail("a crash of the page");
    const timer = setTimeout(() => fail("none within two minutes"), 120_000);
    page.once("crash", crash);
    over.signal.addEventListener("abort", () => {
      clearTimeout(timer);
      page.off("crash", crash);
    });
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    over.abort();
  }
}
