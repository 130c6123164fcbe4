/**
 * Suites of devices that not every machine can start. Where one does not start, its suite is one test that says why; where the environment
 * variable `DL_REQUIRE_DEVICES` names it (`tensorflow,webgpu`: continuous integration does), that test fails.
 */

import type { Backend } from "@dl/core";
import { test } from "vitest";

/** Registers `suite` where `backend` starts. */
export async function whereItStarts(backend: Backend, suite: () => void): Promise<void> {
  let reason: string;
  try {
    const device = await backend.open();
    await device.close();
    suite();
    return;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  const required = (process.env.DL_REQUIRE_DEVICES ?? "").split(",").includes(backend.name);
  test(`${backend.name} does not start here: ${reason}`, () => {
    if (required) throw new Error(`DL_REQUIRE_DEVICES asks for ${backend.name}. ${reason}`);
  });
}
