/** @dl/backend-wasm: the embedded default device. This file is the table of contents. */

export type { WasmDevice } from "./device.ts";
export { type WasmBackend, type WasmOptions, type WasmVariant, wasm } from "./wasm.ts";
