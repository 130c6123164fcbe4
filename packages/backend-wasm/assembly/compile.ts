/** Compiles the module: writes the generated sources, runs the AssemblyScript compiler, and returns what the package ships. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareOperations, binaryOperations, reduceOperations, unaryOperations } from "../src/operation-codes.ts";
import { taskNames, tasks } from "../src/tasks.ts";
import { microKernels } from "./generate-gemm.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

function codes(): string {
  const list = (name: string, names: readonly string[]): string => `export const enum ${name} { ${names.join(", ")} }\n`;
  return `/** Written by assembly/compile.ts from src/operation-codes.ts. */\n\n${list("Unary", unaryOperations)}${list("Binary", binaryOperations)}${list("Compare", compareOperations)}${list("Reduce", reduceOperations)}`;
}

function dispatch(): string {
  const files = [...new Set(Object.values(tasks))];
  const imports = files.map((file) => `import { ${taskNames.filter((name) => tasks[name] === file).join(", ")} } from "../${file}";\n`).join("");
  const cases = taskNames.map((name, number) => `    case ${number}: ${name}(begin, end, thread); return;\n`).join("");
  // Exported as well, for calls on one thread, which keeps the optimizer from inlining everything into one giant function.
  return `/** Written by assembly/compile.ts from src/tasks.ts: tasks by their numbers. */\n\n${imports}\nexport { ${taskNames.join(", ")} };\n
/** Items \`begin\` up to \`end\` of a task. */
export function dispatch(task: i32, begin: i32, end: i32, thread: i32): void {\n  switch (task) {\n${cases}  }\n}\n`;
}

/** Files written on each build; committed, so that a reader finds them. */
export const generatedSources: Readonly<Record<string, string>> = {
  "generated/codes.ts": codes(),
  "generated/dispatch.ts": dispatch(),
  "generated/micro-kernels.ts": microKernels(),
};

export type Build = "simd" | "relaxed";

/** The module's bytes; memory is imported, shared, of at most 65536 pages. */
export async function compile(build: Build): Promise<Uint8Array> {
  const asc = await import("assemblyscript/asc");
  const output = await mkdtemp(join(tmpdir(), "dl-wasm-"));
  try {
    const features = build === "relaxed" ? "simd,threads,relaxed-simd" : "simd,threads";
    const options = ["--runtime", "stub", "-O3", "--noAssert", "--memoryBase", "4096", "--use", "abort=", "--disableWarning", "112"];
    const memory = ["--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", "65536"];
    const file = join(output, "module.wasm");
    const { error, stderr } = await asc.main(["main.ts", "-o", file, "--enable", features, ...options, ...memory, "--baseDir", folder]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    return await readFile(file);
  } finally {
    await rm(output, { recursive: true });
  }
}

/** The file of src/generated that carries the module. */
export function shipped(build: Build, bytes: Uint8Array): string {
  return `/** The ${build} build of assembly/, written by \`pnpm --filter @dl/backend-wasm kernels\`. ${bytes.length} bytes as base64. */\nexport const ${build}: string =\n  "${Buffer.from(bytes).toString("base64")}";\n`;
}

export async function writeGeneratedSources(): Promise<void> {
  for (const [file, source] of Object.entries(generatedSources)) await writeFile(join(folder, file), source);
}
