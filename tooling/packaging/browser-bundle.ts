/** Bundles an entry for the browser with vite, as a user's app does, and says what of Node was left in it. */
import { gzipSync } from "node:zlib";
import { build, type Rollup } from "vite";

export interface BrowserBundle {
  /** Modules of Node that load with the page; each breaks it. On-demand ones do not count: they never run in a browser. */
  readonly nodeModules: readonly string[];
  /** Minified and gzipped size of everything that loads with the page, in bytes. */
  readonly gzipBytes: number;
}

/** Bundles `entry`, an absolute path below `root`. */
export async function browserBundle(entry: string, root: string): Promise<BrowserBundle> {
  const result = await build({
    configFile: false,
    root,
    logLevel: "silent",
    worker: { format: "es" },
    build: { write: false, minify: "esbuild", rollupOptions: { input: entry, preserveEntrySignatures: "strict" }, target: "es2022" },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rollup.RollupOutput;
  const chunks = new Map(output.flatMap((item) => (item.type === "chunk" ? [[item.fileName, item] as const] : [])));
  const first = [...chunks.values()].find((chunk) => chunk.isEntry);
  const loaded = new Set(first === undefined ? [] : [first.fileName]);
  const nodeModules = new Set<string>();
  let code = "";
  for (const name of loaded) {
    const chunk = chunks.get(name);
    if (chunk === undefined) {
      nodeModules.add(name);
      continue;
    }
    code += chunk.code;
    for (const next of chunk.imports) loaded.add(next);
    // Vite puts this empty module in the place of each module of Node.
    for (const module of chunk.moduleIds)
      if (module.includes("__vite-browser-external")) nodeModules.add(module.replace(/^.*external:?/, "") || "node:*");
  }
  return { nodeModules: [...nodeModules], gzipBytes: gzipSync(code).length };
}
