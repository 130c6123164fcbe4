import { defineConfig } from "vitest/config";

/** Slow tests that train to a published number, and write their rows into docs/results.md. */
export default defineConfig({
  resolve: { conditions: ["@dl/source"] },
  ssr: { resolve: { conditions: ["@dl/source"], externalConditions: ["@dl/source"] } },
  test: { include: ["packages/*/learning/**/*.test.ts"], testTimeout: 3_600_000, pool: "forks", fileParallelism: false },
});
