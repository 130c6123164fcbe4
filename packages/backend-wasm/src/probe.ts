/** What this machine runs: SIMD, relaxed SIMD, shared memory with threads. Tiny modules are validated, nothing is started. */

import { nodeThreads } from "./threads.ts";

// One function without arguments that returns a v128: header, type section, function section, code section to come.
const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const moduleOf = (code: readonly number[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array([...head, 10, code.length + 4, 1, code.length + 2, 0, ...code, 11]);
// i32.const 1; i8x16.splat
const vector = [65, 1, 253, 15];
// i8x16.popcnt, an instruction of the final SIMD proposal.
const simdModule = moduleOf([...vector, 253, 98]);
// f32x4.relaxed_madd
const relaxedModule = moduleOf([...vector, ...vector, ...vector, 253, 133, 2]);

export function hasSimd(): boolean {
  return WebAssembly.validate(simdModule);
}

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(relaxedModule);
}

/** Lets V8 of Node 20 and 22 compile relaxed SIMD. Process-wide, so only on request. */
export function enableRelaxedSimd(): void {
  const builtin = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process?.getBuiltinModule;
  const v8 = builtin?.("node:v8") as { setFlagsFromString(flag: string): void } | undefined;
  v8?.setFlagsFromString("--experimental-wasm-relaxed-simd");
}

/** A page's main thread: Atomics.wait would throw, and waiting would freeze the page. */
export function isPageThread(): boolean {
  return typeof (globalThis as { document?: unknown }).document !== "undefined" && nodeThreads() === undefined;
}

/** Cores the system offers. */
export function cores(): number {
  return (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? availableInNode() ?? 1;
}

function availableInNode(): number | undefined {
  const builtin = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process?.getBuiltinModule;
  return (builtin?.("node:os") as { availableParallelism(): number } | undefined)?.availableParallelism();
}

/** Why threads cannot be had here, or undefined. */
export function withoutThreads(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined")
    return "no SharedArrayBuffer: a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  if (nodeThreads() !== undefined) return undefined;
  // Shared memory can be made without isolation, but not posted to a worker.
  if ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false)
    return "the page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  if (typeof Worker === "undefined") return "no workers here";
  return undefined;
}
