/** The compiled kernels: decoding, the variant without shared memory, instances. */

import type { Task } from "./tasks.ts";

export type Build = "simd" | "relaxed";

/** What the module exports. */
export type KernelExports = Readonly<Record<Task, (begin: number, end: number, thread: number) => void>> & {
  region(task: number, total: number, chunk: number, spin: number): number;
  worker(thread: number, spin: number): void;
};

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Clears the flag "shared" of the imported memory's limits: the same code then runs without SharedArrayBuffer. */
export function unshare(bytes: Uint8Array): void {
  // The import reads: 6 "memory", 2 (a memory), flags. Flags 3: maximum, shared; 1: maximum.
  const pattern = [6, ...new TextEncoder().encode("memory"), 2, 3];
  for (let i = 0; i + pattern.length <= bytes.length; i++) {
    if (pattern.every((byte, j) => bytes[i + j] === byte)) {
      bytes[i + pattern.length - 1] = 1;
      return;
    }
  }
  throw new Error(
    "wasm: expected an import of a shared memory in the compiled kernels, found none. Run `pnpm --filter @dl/backend-wasm kernels`.",
  );
}

/** Compiles one build, with shared memory or without. */
export async function compileModule(build: Build, shared: boolean): Promise<WebAssembly.Module> {
  const base64 = build === "simd" ? (await import("./generated/simd.ts")).simd : (await import("./generated/relaxed.ts")).relaxed;
  const bytes = decode(base64);
  if (!shared) unshare(bytes);
  return WebAssembly.compile(bytes);
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
}
