/** Claim: matrix products run near what 128-bit vectors can do. */

import { Cell, matmul as product, slice } from "@dl/core";
import type { BenchCase } from "../case.ts";
import { timed } from "../workload.ts";

export const matmul: readonly BenchCase[] = [256, 512, 1024].map((size) => ({
  name: `matmul-${size}`,
  title: `matmul ${size}³`,
  workload: "matmul",
  parameters: { size },
  quick: { size: size / 8 },
  device: "wasm",
  measures: "time",
  prepare: async ({ device, parameters, rng, share }) => {
    const shape = [parameters.size!, parameters.size!];
    const [a, b] = [rng.fork("a").normal(shape), rng.fork("b").normal(shape)];
    await share(new Map([["a", a], ["b", b]])); // biome-ignore format: a table
    // Cells stay on the device: copying the matrices in is not the product.
    const [left, right] = [new Cell(a), new Cell(b)];
    const { data } = await device.compute(() => product(left.value, right.value));
    return {
      check: [data[0]!, data[data.length - 1]!],
      // One element is read back: a device that computes later is done by then.
      run: timed(() => device.compute(() => slice(product(left.value, right.value), [0, 0], { sizes: [1, 1] }))),
    };
  },
  peers: ["torch"],
  // Sums of up to 1024 products that nearly cancel.
  tolerance: 1e-3,
  operations: ({ size }) => 2 * size! ** 3,
  floors: size === 1024 ? [{ of: "rate", atLeast: 40 }] : [],
}));
