/** Random numbers with the host's bits: Threefry-2x32, 20 rounds. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". */

import type { Kernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import type { Runner } from "../runner.ts";

/** Table 2 of the paper, the 2×32 column. */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

const rounds = Array.from({ length: 5 }, (_, group) => {
  const mixes = rotations[group % 2 ? 1 : 0].map((by) => `x0 += x1; x1 = ((x1 << ${by}u) | (x1 >> ${32 - by}u)) ^ x0;`);
  const key = (word: number): string => `key${word % 3}`;
  return `${mixes.join(" ")} x0 += ${key(group + 1)}; x1 += ${key(group + 2)} + ${group + 1}u;`;
}).join("\n");

export function randomKernels(runner: Runner): Pick<Kernels<DeviceBuffer>, "randomUniform"> {
  return {
    randomUniform(key0, key1, length) {
      const y = runner.allocate(length, "randomUniform");
      runner.run({
        name: "randomUniform",
        reads: [],
        writes: [{ name: "result", type: "f32", buffer: y }],
        ints: { key0, key1, length },
        // Two words an encryption.
        threads: Math.ceil(length / 2),
        body: () => `
let key0 = bitcast<u32>(p.key0);
let key1 = bitcast<u32>(p.key1);
let key2 = 0x1bd11bdau ^ key0 ^ key1;
var x0 = key0;
var x1 = u32(i) + key1;
${rounds}
result[2 * i] = f32(x0 >> 8u) * 5.9604644775390625e-8;
if (2 * i + 1 < p.length) { result[2 * i + 1] = f32(x1 >> 8u) * 5.9604644775390625e-8; }`,
      });
      return y;
    },
  };
}
