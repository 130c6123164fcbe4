/** The studio's pages: relative addresses throughout, so that they work from any path on any static host. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type UserConfig } from "vite";
import { offline } from "./src/build/offline.ts";
import { readmeSnippets } from "./src/build/readme-snippets.ts";

/** Where a host can set headers, threads work from the first visit on; elsewhere the service worker adds them from the second. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: "./",
  resolve: { conditions: ["@dl/source", "module", "browser", "development|production"] },
  // Names of classes stand in messages: `In LeNet.conv1`.
  esbuild: { jsx: "automatic", jsxImportSource: "preact", target: "es2022", keepNames: true },
  // `pnpm docs` writes it; without it there is nothing to link to.
  define: { "import.meta.env.VITE_HAS_API": JSON.stringify(existsSync(join(import.meta.dirname, "public/api/index.html"))) },
  plugins: [readmeSnippets(), offline()],
  worker: { format: "es", plugins: () => [readmeSnippets()] },
  build: { target: "es2022", modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: { headers },
  preview: { headers },
});

export default config;
