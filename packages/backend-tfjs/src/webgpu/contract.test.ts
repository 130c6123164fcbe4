/** The contract every backend keeps, in Node, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { describe } from "vitest";
import { missing, requireGpu } from "./gpu-fixture.ts";
import { webgpu } from "./webgpu.ts";

const oracle = cpu({ precision: "float64" });
requireGpu();

// `describe.skipIf` would still run the body, which opens the device.
if (missing === undefined) {
  describe("in Node", () => {
    kernelContract(webgpu(), { oracle });
    gradientContract(webgpu(), { oracle });
  });
}
