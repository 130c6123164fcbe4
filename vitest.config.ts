import { defineConfig, type ViteUserConfig } from "vitest/config";

/** One project a workspace folder; packages resolve to each other's sources, so nothing is built first. */
const conditions = ["@dl/source", "module", "node", "development|production"];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@dl/source", "node"] } },
};
const project = (name: string, include: string[], timeout = 30_000) => ({
  ...shared,
  test: { name, include, testTimeout: timeout, hookTimeout: timeout, pool: "forks" as const },
});

const config: ViteUserConfig = defineConfig({
  ...shared,
  test: {
    projects: [
      project("packages", ["packages/*/src/**/*.test.ts"]),
      project("apps", ["apps/*/src/**/*.test.ts", "examples/**/*.test.ts", "tooling/**/*.test.ts", "bench/**/*.test.ts"], 120_000),
    ],
  },
});

export default config;
