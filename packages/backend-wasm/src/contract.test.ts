/** The contract every backend keeps, for each way this one runs, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { describe } from "vitest";
import { wasm } from "./wasm.ts";

const oracle = cpu({ precision: "float64" });

describe.each([
  ["1 thread", wasm({ threads: 1, relaxed: false })],
  ["2 threads", wasm({ threads: 2, relaxed: false })],
] as const)("%s", (_, backend) => {
  kernelContract(backend, { oracle });
  gradientContract(backend, { oracle });
});
