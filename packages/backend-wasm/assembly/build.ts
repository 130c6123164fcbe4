/** `pnpm --filter @dl/backend-wasm kernels`: compiles assembly/ into src/generated/, which is committed. */

import { writeFile } from "node:fs/promises";
import { compile, shipped, writeGeneratedSources } from "./compile.ts";

await writeGeneratedSources();
for (const build of ["simd", "relaxed"] as const) {
  const bytes = await compile(build);
  await writeFile(new URL(`../src/generated/${build}.ts`, import.meta.url), shipped(build, bytes));
  console.log(`${build}: ${bytes.length} bytes`);
}
