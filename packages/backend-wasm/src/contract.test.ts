/** The contract every backend keeps, for each way this one runs, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract } from "@dl/core/testing";
import { describe } from "vitest";
import { wasm } from "./wasm.ts";

const oracle = cpu({ precision: "float64" });

describe.each([
  ["1 thread", wasm({ threads: 1 })],
  ["2 threads", wasm({ threads: 2 })],
] as const)("%s", (_, backend) => {
  gradientContract(backend, { oracle });
});
