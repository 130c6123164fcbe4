/** Peak resident memory of processes. */

import { readdirSync, readFileSync } from "node:fs";

/** The most memory a process ever had; of this one, where the system does not tell about others. */
export function peakBytes(pid: number): number {
  try {
    // Linux carries maxRSS over from the parent at exec; the high-water mark of /proc starts anew.
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** The sum over all that descend from a process, without itself; memory they share counts once for each. Linux only: elsewhere 0. */
export function peakBytesBelow(pid: number): number {
  let parents: Map<number, number>;
  try {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    parents = new Map(pids.map((name) => [Number(name), parentOf(name)]));
  } catch {
    return 0;
  }
  const below = new Set([pid]);
  for (let before = 0; before < below.size; ) {
    before = below.size;
    for (const [child, parent] of parents) if (below.has(parent)) below.add(child);
  }
  below.delete(pid);
  return [...below].reduce((sum, child) => sum + peakBytes(child), 0);
}

/** 0 for a process that ended in the meantime. */
function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
