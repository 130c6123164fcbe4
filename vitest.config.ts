import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** One project a workspace folder; packages resolve to each other's sources, so nothing is built first. */
const conditions = ["@dl/source", "module", "node", "development|production"];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@dl/source", "node"] } },
};
const project = (name: string, include: string[], timeout = 30_000) => ({
  ...shared,
  test: {
    name,
    include,
    exclude: ["**/node_modules/**", "**/*-in-browser.test.ts"],
    testTimeout: timeout,
    hookTimeout: timeout,
    pool: "forks" as const,
  },
});

/** Suites that run in the browser itself. Without one they are left out, and in CI that is a failure. */
const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const hasBrowser = existsSync(executablePath);
if (!hasBrowser) {
  const missing = `no browser at ${executablePath}: install one (apt-get install chromium) or set CHROMIUM_PATH to it`;
  if (process.env.CI === "true") throw new Error(`vitest.config.ts: ${missing}`);
  console.warn(`*-in-browser.test.ts are not run, ${missing}.`);
}
const browser = {
  resolve: { conditions: conditions.map((condition) => (condition === "node" ? "browser" : condition)) },
  test: {
    name: "browser",
    include: ["packages/*/src/**/*-in-browser.test.ts", "examples/**/*-in-browser.test.ts"],
    exclude: ["**/node_modules/**", ...(process.env.DL_WHOLE_CONTRACT ? [] : ["**/kernels-in-browser.test.ts"])],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // A software GPU: headless Chromium has no other here.
      provider: playwright({ launchOptions: { executablePath, args: ["--no-sandbox", "--enable-unsafe-webgpu"] } }),
      instances: [{ browser: "chromium" as const }],
    },
  },
};

const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    // Vitest leaves one processor free, which of two is half the time.
    maxWorkers: "100%",
    projects: [
      project("packages", ["packages/*/src/**/*.test.ts"]),
      project("apps", ["apps/*/src/**/*.test.ts", "examples/**/*.test.ts", "tooling/**/*.test.ts", "bench/**/*.test.ts"], 120_000),
      ...(hasBrowser ? [browser] : []),
    ],
  },
});

export default config;
