/** The studio built with small made-up data, served as a static host would, and opened in Chromium. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Rng } from "@dl/core";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import config from "../vite.config.ts";
import { encodeShard, indexFormat, type ShardPlace } from "./data/shard-format.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

/** Why there is no browser; undefined: there is one. */
export const missingBrowser: string | undefined = existsSync(executablePath)
  ? undefined
  : `no browser at ${executablePath}: install one (apt-get install chromium) or set CHROMIUM_PATH to it`;

/** What axe looks for. */
const barrierRules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

/** A path that nobody thought of when the pages were built. */
const base = "/some/where/";
const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export interface OpenOptions {
  /** What follows the address, such as `#/classify`. */
  readonly hash?: string;
  /** Serve with the headers that isolate a page. Default true. */
  readonly isolated?: boolean;
  /** As the user would have chosen it. Default `wasm-1`. */
  readonly device?: string;
  /** Give Chromium its software GPU. Default false. */
  readonly gpu?: boolean;
  readonly width?: number;
  readonly colours?: "light" | "dark";
  /** Runs in the page before anything else. */
  readonly before?: string;
  /** Let the service worker fetch all files, for visits without a connection: half a second's work. Default false. */
  readonly offline?: boolean;
}

/** A built studio on two servers, and browsers with and without a GPU. */
export class StudioFixture implements AsyncDisposable {
  readonly folder: string;
  readonly #servers: readonly Server[];
  readonly #browsers = new Map<boolean, Promise<Browser>>();

  private constructor(folder: string, servers: readonly Server[]) {
    this.folder = folder;
    this.#servers = servers;
  }

  static async make(): Promise<StudioFixture> {
    const folder = await mkdtemp(join(tmpdir(), "dl-studio-"));
    const site = join(folder, "site");
    await writePublic(join(folder, "public"));
    const before = process.env.NODE_ENV;
    // Vite asks it whether this is the production build.
    process.env.NODE_ENV = "production";
    try {
      await build({
        ...config,
        configFile: false,
        logLevel: "error",
        publicDir: join(folder, "public"),
        build: { ...config.build, outDir: site, emptyOutDir: true },
      });
    } finally {
      process.env.NODE_ENV = before;
    }
    const servers = await Promise.all([true, false].map((isolated) => serve(site, isolated)));
    return new StudioFixture(folder, servers);
  }

  async open({
    hash = "",
    isolated = true,
    device = "wasm-1",
    gpu = false,
    width = 1280,
    colours = "light",
    before,
    offline = false,
  }: OpenOptions = {}): Promise<Page> {
    let browser = this.#browsers.get(gpu);
    if (!browser) {
      // A camera that films a test card, and nobody who is asked whether it may.
      const camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
      browser = chromium.launch({ executablePath, args: ["--no-sandbox", ...camera, ...(gpu ? ["--enable-unsafe-webgpu"] : [])] });
      this.#browsers.set(gpu, browser);
    }
    const context = await (await browser).newContext({
      viewport: { width, height: 860 },
      colorScheme: colours,
      reducedMotion: "reduce",
      acceptDownloads: true,
      serviceWorkers: offline ? "allow" : "block",
    });
    const page = await context.newPage();
    const failures: string[] = [];
    page.on("pageerror", ({ message }) => failures.push(message));
    page.on("close", () => failures.length > 0 && console.error(`errors in the page: ${failures.join("; ")}`));
    await page.addInitScript(`localStorage.setItem("dl-studio-device", ${JSON.stringify(device)})`);
    if (before) await page.addInitScript(before);
    await page.goto(`${this.address(isolated)}${hash}`);
    return page;
  }

  address(isolated: boolean): string {
    return `http://127.0.0.1:${(this.#servers[isolated ? 0 : 1]!.address() as AddressInfo).port}${base}`;
  }

  /** What axe finds wrong with the page for those who see, hear or steer it otherwise: a line each. github.com/dequelabs/axe-core */
  async barriers(page: Page, { rules = barrierRules }: { rules?: readonly string[] } = {}): Promise<readonly string[]> {
    const isThere = await page.evaluate("'axe' in globalThis");
    if (!isThere) await page.evaluate(await this.#axe());
    return await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ["violations"] })
      .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + " at " + target.join(" ") + ": " + failureSummary.replaceAll("\\n", " "))))`);
  }

  async #axe(): Promise<string> {
    return await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  }

  /** Where `DL_STUDIO_SHOTS` says, if it does: for people who want to look. */
  async look(page: Page, name: string): Promise<void> {
    const folder = process.env.DL_STUDIO_SHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const browser of this.#browsers.values()) await (await browser).close();
    for (const server of this.#servers) server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function serve(site: string, isolated: boolean): Promise<Server> {
  const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://host");
    const name = pathname.startsWith(base) ? pathname.slice(base.length) || "index.html" : "";
    const body = name.includes("..") ? undefined : await readFile(join(site, name)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, {
      "Content-Type": contentTypes[extname(name)] ?? "application/octet-stream",
      ...(isolated && isolation),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** What vite copies as it is: the icon, and data of bars whose place is the class. */
async function writePublic(folder: string): Promise<void> {
  await mkdir(join(folder, "data"), { recursive: true });
  for (const name of ["icon.svg", "manifest.webmanifest"]) await copyFile(join(import.meta.dirname, "../public", name), join(folder, name));
  const write = async (name: string, bytes: Uint8Array, examples: number): Promise<ShardPlace> => {
    const compressed = gzipSync(bytes);
    await writeFile(join(folder, "data", `${name}.shard`), compressed);
    return { file: `${name}.shard`, examples, sha256: createHash("sha256").update(bytes).digest("hex"), bytes: compressed.length };
  };
  const classNames = Array.from({ length: 10 }, (_, i) => String(i));
  const set = {
    ...{ title: "Bars", licence: "none", citation: "none", classNames, shape: [28, 28, 1] },
    statistics: { mean: [0.16], standardDeviation: [0.25] },
    train: [await write("bars-train-0", bars(200, 1), 200), await write("bars-train-1", bars(200, 2), 200)],
    test: [await write("bars-test-0", bars(100, 3), 100)],
  };
  const text = "the cat sat on the mat and the dog sat on the log. ".repeat(60);
  const words = {
    title: "A text",
    licence: "none",
    characters: text.length,
    shard: await write("text", new TextEncoder().encode(text), 1),
  };
  const index = {
    format: indexFormat,
    images: { mnist: set, fashion: set },
    texts: { shakespeare: words },
    missing: { cifar: "it was not fetched" },
  };
  await writeFile(join(folder, "data/index.json"), JSON.stringify(index));
}

function bars(count: number, seed: number): Uint8Array {
  const images = new Uint8Array(count * 784);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const noise = new Rng(seed).uniform([count * 784]).data;
  for (let at = 0; at < images.length; at++)
    images[at] = 40 * noise[at]! + (Math.floor((at % 28) / 2.8) === labels[Math.floor(at / 784)] ? 200 : 0);
  return encodeShard({ images, labels });
}
