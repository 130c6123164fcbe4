import { cpu } from "@dl/backend-cpu";
import { add, Device, mul, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { countKernels } from "./count-kernels.ts";

test("counts the calls of kernels, and leaves the device as it was", async () => {
  const backend = await cpu().open();
  await using device = new Device(backend);
  const work = (): Promise<number> => device.compute(() => mul(add(tensor([1, 2]), 3), 2).sum());
  const kernel = backend.kernels.binary;
  const calls = await countKernels(backend, work);
  expect(calls).toBeGreaterThanOrEqual(3);
  expect(await countKernels(backend, work)).toBe(calls);
  expect(backend.kernels.binary).toBe(kernel);
  await expect(countKernels(backend, () => Promise.reject(new Error("stop")))).rejects.toThrow("stop");
  expect(backend.kernels.binary).toBe(kernel);
});
