/** Where WebGPU comes from: the browser's `navigator.gpu`, or Dawn in Node through the npm package `webgpu`. */

/// <reference types="@webgpu/types" />
import { UnsupportedError } from "@dl/core";

/** Dawn crashes when its instance is collected while a device of it lives: one for the life of the process. */
let dawn: GPU | undefined;

/** The entry point of WebGPU here, or an UnsupportedError that says what to do. */
export async function findGpu(): Promise<GPU> {
  const scope = globalThis as { navigator?: { gpu?: GPU }; isSecureContext?: boolean; process?: { versions?: { node?: string } } };
  if (scope.navigator?.gpu) return scope.navigator.gpu;
  if (scope.process?.versions?.node !== undefined) return (dawn ??= await startDawn());
  if (scope.isSecureContext === false) {
    throw new UnsupportedError("webgpu: expected a secure page, got one that is not. Serve it by https, or from localhost.");
  }
  throw new UnsupportedError(
    "webgpu: expected navigator.gpu, got none. Chromium 113, Safari 26 and Firefox 141 have it, on Linux perhaps behind a flag (chrome://gpu says).",
  );
}

async function startDawn(): Promise<GPU> {
  // A name that bundlers for the browser do not follow.
  const name = "webgpu";
  let module: { create(options: string[]): GPU; globals: object };
  try {
    module = (await import(/* @vite-ignore */ name)) as typeof module;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UnsupportedError(
      `webgpu: expected the npm package "webgpu" (Dawn), which gives Node a GPU, got: ${reason}. npm install webgpu`,
    );
  }
  return module.create([]);
}
