/** The device in Chromium: in a worker with threads, without isolation, and on the page's own thread. */

import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TrainingResult, trainSmall } from "./training-fixture.ts";
import type { WasmOptions, WasmVariant } from "./wasm.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const missing = existsSync(executablePath)
  ? undefined
  : `no browser at ${executablePath}: install one (apt-get install chromium) or set CHROMIUM_PATH to it`;
if (missing !== undefined) console.warn(`backend-wasm in the browser: not run, ${missing}.`);

test.runIf(process.env.CI === "true")("a browser is at hand where results count", () => {
  expect(missing).toBeUndefined();
});

/** Both scripts, bundled as an application would bundle them. */
async function bundle(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@dl/source", "module", "browser", "development|production"] },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      rollupOptions: {
        input: { page: here("./browser-page-fixture.ts"), worker: here("./browser-worker-fixture.ts") },
        output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", format: "es" },
        preserveEntrySignatures: "strict",
      },
    },
  });
  for (const { output } of [result].flat() as { output: { type: string; fileName: string; code?: string }[] }[]) {
    for (const file of output) if (file.type === "chunk") files.set(`/${file.fileName}`, file.code!);
  }
  return files;
}

/** Serves the page, cross-origin isolated or not. */
async function serve(files: ReadonlyMap<string, string>, isolated: boolean): Promise<{ server: Server; url: string }> {
  const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = createServer((request, response) => {
    const code = files.get(request.url ?? "");
    const type = code === undefined ? "text/html" : "text/javascript";
    response.writeHead(200, { "Content-Type": type, ...(isolated ? isolation : {}) });
    response.end(code ?? '<!doctype html><title>wasm</title><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

type Answer = TrainingResult & { variants: readonly WasmVariant[]; error?: string };

describe.skipIf(missing !== undefined)("in Chromium", () => {
  const servers: Server[] = [];
  let browser: Browser;
  let isolated: Page;
  let plain: Page;

  beforeAll(async () => {
    const files = await bundle();
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    const open = async (isolation: boolean): Promise<Page> => {
      const { server, url } = await serve(files, isolation);
      servers.push(server);
      const page = await browser.newPage();
      await page.goto(url);
      await page.waitForFunction("typeof openHere === 'function'");
      return page;
    };
    isolated = await open(true);
    plain = await open(false);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  const train = async (page: Page, options: WasmOptions): Promise<Answer> =>
    (await page.evaluate(`trainInWorker(${JSON.stringify(options)})`)) as Answer;

  test("two threads in a worker train to the same losses as in Node, bit by bit", async () => {
    const options = { threads: 2, relaxed: false } as const;
    const [there, here] = await Promise.all([train(isolated, options), trainSmall(options)]);
    expect(there.error).toBeUndefined();
    expect(there.device).toBe("wasm (SIMD, 2 threads)");
    expect(there.losses).toEqual(here.losses);
    expect(there.losses[9]).toBeLessThan(there.losses[0]!);
  });

  test("relaxed SIMD needs no flag here, and its losses differ by roundings only", async () => {
    const there = await train(isolated, { threads: 2 });
    const here = await trainSmall({ threads: 1, relaxed: false });
    expect(there.device).toBe("wasm (relaxed SIMD, 2 threads)");
    // Ten steps of float32 with other roundings.
    there.losses.forEach((loss, i) => void expect(Math.abs(loss - here.losses[i]!)).toBeLessThan(1e-4));
  });

  test("without isolation the device takes one thread and says why", async () => {
    const there = await train(plain, { threads: 2, relaxed: false });
    expect(there.device).toBe("wasm (SIMD)");
    expect(there.variants.find(({ name }) => name === "SIMD, threads")?.reason).toMatch(
      /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/,
    );
    expect(there.losses).toEqual((await trainSmall({ threads: 1, relaxed: false })).losses);
  });

  test("a page's own thread is refused with the way out, and may be blocked on request", async () => {
    expect(await isolated.evaluate("openHere({})")).toMatch(/Open the device in a Worker, or pass wasm\(\{ mainThread: "block" \}\)/);
    expect(await isolated.evaluate('openHere({ threads: 2, relaxed: false, mainThread: "block" })')).toBe("wasm (SIMD, 2 threads): 1 0 3");
  });
});
