/** The studio's pages: relative addresses throughout, so that they work from any path on any static host. */

import { defineConfig, type UserConfig } from "vite";
import { apiDocs } from "./src/build/api-docs.ts";
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
  plugins: [readmeSnippets(), offline(), apiDocs()],
  worker: { format: "es", plugins: () => [readmeSnippets()] },
  build: { target: "es2022", modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: { headers },
  preview: { headers },
});

export default config;
