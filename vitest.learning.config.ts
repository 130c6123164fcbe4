import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Slow tests that train to a published number, and write their rows into docs/results.md. */
const conditions = ["@dl/source", "module", "node", "development|production"];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@dl/source", "node"] } },
  test: {
    include: ["packages/*/learning/**/*.test.ts", "apps/*/learning/**/*.test.ts"],
    testTimeout: 3_600_000,
    pool: "forks",
    fileParallelism: false,
  },
});

export default config;
