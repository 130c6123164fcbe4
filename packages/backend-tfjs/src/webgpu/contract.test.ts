/** The contract every backend keeps, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { describe } from "vitest";
import { webgpu } from "./webgpu.ts";

const oracle = cpu({ precision: "float64" });

describe("software", () => {
  kernelContract(webgpu(), { oracle });
  gradientContract(webgpu(), { oracle });
});
