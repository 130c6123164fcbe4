/** Whether a device starts here. Where it must and does not, tests fail; elsewhere they are left out, and the reason is printed. */

import { expect, test } from "vitest";
import { webgpu } from "./webgpu.ts";

async function reasonWithoutGpu(): Promise<string | undefined> {
  try {
    const device = await webgpu().open();
    await device.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why no WebGPU device starts; undefined: one does. */
export const missing: string | undefined = await reasonWithoutGpu();

/** Devices that must start, as `DL_REQUIRE_DEVICES` names them: `webgpu,tensorflow`. */
const required = (process.env.DL_REQUIRE_DEVICES ?? "").split(",").includes("webgpu");

/** Call it at the top of a test file; the file's tests are then `describe.skipIf(missing !== undefined)`. */
export function requireGpu(): void {
  if (missing !== undefined && !required) console.warn(`backend-tfjs: WebGPU is not tested, ${missing}`);
  test.runIf(required)("a WebGPU device starts where one is required", () => {
    expect(missing).toBeUndefined();
  });
}
