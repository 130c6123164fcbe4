/** Bundles the service worker with the list of files it keeps. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Plugin, transformWithEsbuild } from "vite";

/** Beside what rollup writes. */
const copied = ["icon.svg", "manifest.webmanifest"];

export function offline(): Plugin {
  return {
    name: "studio-offline",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const files = Object.values(bundle)
        .filter(({ fileName }) => !fileName.endsWith(".map"))
        .map((file) => ({ name: file.fileName, content: file.type === "chunk" ? file.code : file.source }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const hash = createHash("sha256");
      for (const { name, content } of files) hash.update(name).update(content);
      const names = [...files.map(({ name }) => name), ...copied];
      if (!names.includes("index.html")) names.push("index.html");
      const source = readFileSync(new URL("../offline/service-worker.ts", import.meta.url), "utf8");
      const { code } = await transformWithEsbuild(source, "service-worker.ts", {
        target: "es2022",
        minify: true,
        define: { kept: JSON.stringify(names), version: JSON.stringify(hash.digest("hex").slice(0, 12)) },
      });
      this.emitFile({ type: "asset", fileName: "service-worker.js", source: code });
    },
  };
}
