/** Adds up partial results that lie one after the other. */

import type { DeviceBuffer } from "../memory.ts";
import type { Runner } from "../runner.ts";

/** Σ over `[parts, length]` by the first axis; frees the parts. */
export function addParts(runner: Runner, partial: DeviceBuffer, { parts, length }: { parts: number; length: number }): DeviceBuffer {
  const y = runner.allocate(length, "addParts");
  runner.run({
    name: "addParts",
    reads: [{ name: "x", type: "f32", buffer: partial }],
    writes: [{ name: "result", type: "f32", buffer: y }],
    ints: { length, parts },
    threads: length,
    body: () => `
var total = 0.0;
for (var part = 0; part < p.parts; part++) { total += x[part * p.length + i]; }
result[i] = total;`,
  });
  runner.memory.free(partial);
  return y;
}
