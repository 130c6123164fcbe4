/** The contract every backend keeps, in Node, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import type { Backend } from "@dl/core";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { describe } from "vitest";
import { WebgpuDevice } from "./device.ts";
import { missing, requireGpu } from "./gpu-fixture.ts";
import { openRunner } from "./open-runner.ts";
import { webgpu } from "./webgpu.ts";

const oracle = cpu({ precision: "float64" });
/** Every launch alone: a software driver takes a tenth of a second to compile a shader, and chains have one each. In Chromium they are merged. */
const unmerged: Backend = {
  name: "webgpu",
  async open() {
    const traits = { mostParts: 1 };
    const { runner, name } = await openRunner({ powerPreference: "high-performance", maxMemory: Number.POSITIVE_INFINITY, traits });
    return new WebgpuDevice(runner, name);
  },
};
requireGpu();

// `describe.skipIf` would still run the body, which opens the device.
if (missing === undefined) {
  describe("in Node", () => {
    kernelContract(webgpu(), { oracle });
    gradientContract(unmerged, { oracle });
  });
}
