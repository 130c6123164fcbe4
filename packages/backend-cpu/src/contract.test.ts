/**
 * The cpu device, held to the contract by itself in float64. In float64 too: what the contract knows by itself (formulas, memory, long runs)
 * then holds for the oracle, and `oracle.test.ts` has the rest.
 */

import { gradientContract, kernelContract } from "@dl/core/testing";
import { describe } from "vitest";
import { cpu } from "./cpu.ts";

const oracle = cpu({ precision: "float64" });

describe("float32", () => {
  kernelContract(cpu(), { oracle });
  gradientContract(cpu(), { oracle });
});

describe("float64", () => {
  kernelContract(oracle, { oracle });
});
