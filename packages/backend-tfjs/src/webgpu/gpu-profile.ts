/** Times of launches by the GPU's own clock: a compute pass each, with a timestamp before and after. */

import { type KernelEvent, UnsupportedError } from "@dl/core";
import type { Runner } from "./runner.ts";

/** Timestamps of a query set: the most WebGPU allows. */
const setSize = 4096;
// The numbers of GPUBufferUsage, which Node has no global for.
const resolveUsage = 0x200 | 0x04;

export function startGpuProfile(runner: Runner): { stop(): Promise<KernelEvent[]> } {
  if (!runner.gpu.features.has("timestamp-query")) {
    throw new UnsupportedError('webgpu: profile: expected a GPU that offers "timestamp-query", got one without.');
  }
  if (runner.observer) throw new UnsupportedError("webgpu: profile: expected one profile at a time, got a second one.");
  // What was asked for before is not part of it.
  runner.flush();
  const launches: { name: string; bytes: number }[] = [];
  const sets: GPUQuerySet[] = [];
  runner.observer = {
    launched({ name, label = name, reads, writes }) {
      const at = (launches.length * 2) % setSize;
      if (at === 0) sets.push(runner.gpu.createQuerySet({ type: "timestamp", count: setSize }));
      const bytes = [...reads, ...writes].reduce((sum, { buffer }) => sum + buffer.bytes, 0);
      launches.push({ name: label, bytes });
      return { querySet: sets[sets.length - 1]!, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
    },
  };
  return {
    async stop() {
      runner.flush();
      runner.observer = undefined;
      const times: bigint[] = [];
      for (const [i, set] of sets.entries()) {
        const count = Math.min(setSize, launches.length * 2 - i * setSize);
        times.push(...(await runner.readQueries(set, { count, usage: resolveUsage })));
        set.destroy();
      }
      const milliseconds = (time: bigint): number => Number(time - (times[0] ?? 0n)) / 1e6;
      return launches.map(({ name, bytes }, i) => {
        const [start, end] = [milliseconds(times[2 * i]!), milliseconds(times[2 * i + 1]!)];
        return { name, bytes, start, milliseconds: Math.max(0, end - start) };
      });
    },
  };
}
