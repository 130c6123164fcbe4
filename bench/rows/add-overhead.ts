/** Claim: an operation costs next to nothing beside its work: adding 64 elements, the time per operation. */

import { add, Cell, scope } from "@dl/core";
import type { BenchCase } from "../case.ts";

export const addOverhead: readonly BenchCase[] = (["wasm", "cpu"] as const).map((device) => ({
  name: `add-64-${device}`,
  title: `Adding 64 elements on ${device}: time per operation`,
  workload: "add",
  parameters: { length: 64, calls: 1000 },
  quick: { calls: 5 },
  device,
  measures: "time",
  prepare: async ({ device, parameters, rng, share }) => {
    const { length, calls } = parameters as Record<"length" | "calls", number>;
    const [a, b] = [rng.fork("a").normal([length]), rng.fork("b").normal([length])];
    await share(new Map([["a", a], ["b", b]])); // biome-ignore format: a table
    const [left, right] = [new Cell(a), new Cell(b)];
    const sum = await device.compute(() => add(left.value, right.value));
    return {
      check: [sum.data[0]!, sum.data[length - 1]!],
      run: async (repetitions) => {
        const milliseconds: number[] = [];
        await device.compute(() => {
          const [x, y] = [left.value, right.value];
          // A scope a sample: its tensors are freed within the measured time.
          const addAll = (): void => {
            for (let call = 0; call < calls; call++) add(x, y);
          };
          for (let i = 0; i < repetitions; i++) {
            const start = performance.now();
            scope(addAll);
            milliseconds.push((performance.now() - start) / calls);
          }
        });
        return milliseconds;
      },
    };
  },
  peers: ["torch"],
  tolerance: 1e-6,
  floors: [],
}));
