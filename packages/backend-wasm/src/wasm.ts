/** The backend: chooses the best variant this machine runs, starts it, and can say why not a better one. */

import { type Backend, OptionError, UnsupportedError } from "@dl/core";
import { WasmDevice } from "./device.ts";
import { Engine } from "./engine.ts";
import { type Build, compileModule } from "./module.ts";
import { cores, enableRelaxedSimd, hasRelaxedSimd, hasSimd, isPageThread, withoutThreads } from "./probe.ts";
import { ThreadPool } from "./threads.ts";

export interface WasmOptions {
  /** Threads at work, the calling one included; 1: no workers. Default: the cores there are, at most 8. */
  readonly threads?: number;
  /**
   * Relaxed SIMD: fused multiply-adds, faster, with other roundings on machines that lack them. Default `"auto"`: where the engine has it.
   * `true` insists, and in Node 20 and 22 sets V8's flag for it, for the whole process.
   */
  readonly relaxed?: boolean | "auto";
  /**
   * How often an idle worker looks for work before it sleeps; waking it then costs some 60 µs. Looks take a core's time: 0 suits machines
   * that are busy with other things. Default 400,000, some 1 ms: a training loop comes back sooner, and a woken worker comes late.
   */
  readonly spin?: number;
  /** Bytes the device's memory may grow to, at most 4 GiB. Default: 4 GiB. */
  readonly maxMemory?: number;
  /**
   * What to do on a page's main thread, which may not wait: `"refuse"` to open, or `"block"` the page while kernels run.
   * Default `"refuse"`: open the device in a Worker.
   */
  readonly mainThread?: "refuse" | "block";
}

/** One way to run, best first. */
export interface WasmVariant {
  /** `relaxed SIMD, threads` and so on. */
  readonly name: string;
  readonly build: Build;
  readonly threads: boolean;
  /** Why it does not run here, or was not asked for; undefined: it runs. */
  readonly reason: string | undefined;
}

export interface WasmBackend extends Backend {
  open(): Promise<WasmDevice>;
  /** Every variant, best first, each with the reason it cannot be taken here. The first without one is what `open` tries first. */
  variants(): readonly WasmVariant[];
}

const pageBytes = 65536;
const largestMemory = 2 ** 32;
const mostThreads = 8;
/**
 * Kernels in WebAssembly: SIMD always, threads and relaxed SIMD where the machine has them.
 *
 * Results are the same bits from run to run for one number of threads and one variant.
 *
 * @example
 * const device = await wasm({ threads: 1 }).open();
 * console.log(device.name); // wasm (SIMD)
 * await device.close();
 */
export function wasm(options: WasmOptions = {}): WasmBackend {
  const {
    threads = Math.min(cores(), mostThreads),
    relaxed = "auto",
    maxMemory = largestMemory,
    mainThread = "refuse",
    spin = 400_000,
  } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new OptionError(`wasm: expected threads from 1 to 64, got ${threads}.`);
  }
  if (![true, false, "auto"].includes(relaxed)) throw new OptionError(`wasm: expected relaxed true, false or "auto", got ${relaxed}.`);
  if (!["refuse", "block"].includes(mainThread)) throw new OptionError(`wasm: expected mainThread "refuse" or "block", got ${mainThread}.`);
  if (!Number.isInteger(spin) || spin < 0 || spin > 2 ** 30) throw new OptionError(`wasm: expected spin from 0 to 2³⁰, got ${spin}.`);
  if (!(maxMemory >= 16 * pageBytes && maxMemory <= largestMemory)) {
    throw new OptionError(`wasm: expected maxMemory from ${16 * pageBytes} to ${largestMemory} bytes, got ${maxMemory}.`);
  }
  const pages = Math.floor(maxMemory / pageBytes);

  const variants = (): readonly WasmVariant[] => {
    const noThreads = threads === 1 ? "threads is 1" : withoutThreads();
    const noRelaxed = relaxed === false ? "relaxed is false" : hasRelaxedSimd() ? undefined : "this engine has no relaxed SIMD";
    const noSimd = hasSimd() ? undefined : "this engine has no WebAssembly SIMD";
    const required = relaxed === true ? "relaxed is true" : undefined;
    return [
      { name: "relaxed SIMD, threads", build: "relaxed", threads: true, reason: noRelaxed ?? noThreads },
      { name: "relaxed SIMD", build: "relaxed", threads: false, reason: noRelaxed },
      { name: "SIMD, threads", build: "simd", threads: true, reason: required ?? noSimd ?? noThreads },
      { name: "SIMD", build: "simd", threads: false, reason: required ?? noSimd },
    ];
  };

  const start = async ({ build, threads: shared }: WasmVariant, mayWait: boolean): Promise<WasmDevice> => {
    const module = await compileModule(build, shared);
    const memory = new WebAssembly.Memory({ initial: 16, maximum: pages, shared });
    const engine = new Engine({ module, memory, threads: shared ? threads : 1, limit: pages * pageBytes, mayWait });
    const pool = shared ? await ThreadPool.start(threads - 1, { module, memory, spin }) : undefined;
    const simd = build === "relaxed" ? "relaxed SIMD" : "SIMD";
    return new WasmDevice(engine, {
      name: shared ? `wasm (${simd}, ${threads} threads)` : `wasm (${simd})`,
      stop: async () => await pool?.stop(),
    });
  };

  return {
    name: "wasm",
    variants,
    async open() {
      const onPage = isPageThread();
      if (onPage && mainThread === "refuse") {
        throw new UnsupportedError(
          'wasm: a page\'s main thread may not wait for kernels. Open the device in a Worker, or pass wasm({ mainThread: "block" }) to freeze the page while they run.',
        );
      }
      if (relaxed === true && !hasRelaxedSimd()) enableRelaxedSimd();
      const reasons: string[] = [];
      for (const variant of variants()) {
        if (variant.reason !== undefined) {
          reasons.push(`${variant.name}: ${variant.reason}`);
          continue;
        }
        try {
          return await start(variant, !onPage);
        } catch (error) {
          reasons.push(`${variant.name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      throw new UnsupportedError(`wasm: no variant starts here. ${reasons.join("; ")}.`);
    },
  };
}
