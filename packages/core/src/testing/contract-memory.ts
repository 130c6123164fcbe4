/** The contract of a device's memory: copies in and out, counts, errors, closing. */

import { expect, test } from "vitest";
import type { Backend, BackendDevice } from "../backend.ts";
import { DlError } from "../errors.ts";

export function memoryContract(backend: Backend, device: BackendDevice): void {
  const float = device.capabilities.float;
  const bytes = float === "float32" ? 4 : 8;

  test("memory: counts what is made and freed, and remembers the peak", () => {
    const before = device.memory();
    const a = device.upload(new Float32Array(100), "float32");
    const b = device.upload(new Int32Array(10), "int32");
    const during = device.memory();
    expect(during.buffers - before.buffers).toBe(2);
    // Devices may round each buffer up for alignment.
    expect(during.bytes - before.bytes).toBeGreaterThanOrEqual(100 * bytes + 40);
    expect(during.bytes - before.bytes).toBeLessThanOrEqual(100 * bytes + 40 + 2 * 1024);
    expect(during.peakBytes).toBeGreaterThanOrEqual(during.bytes);
    device.free(a);
    device.free(b);
    expect(device.memory().buffers).toBe(before.buffers);
    expect(device.memory().bytes).toBe(before.bytes);
    expect(device.memory().peakBytes).toBe(during.peakBytes);
  });

  test("memory: a buffer freed twice is an error", () => {
    const buffer = device.upload(Float32Array.of(1), "float32");
    device.free(buffer);
    expect(() => device.free(buffer)).toThrow(DlError);
  });

  test("memory: host data is copied in and out", async () => {
    const data = Float32Array.of(1, 2, 3);
    const buffer = device.upload(data, "float32");
    data[0] = 9;
    const first = await device.read(buffer, "float32", 3);
    expect(Array.from(first)).toEqual([1, 2, 3]);
    first[1] = 9;
    expect(Array.from(await device.read(buffer, "float32", 3))).toEqual([1, 2, 3]);
    if (device.readSync !== undefined) expect(Array.from(device.readSync(buffer, "float32", 3))).toEqual([1, 2, 3]);
    device.free(buffer);
  });

  test("memory: floats of the other precision are converted, and come back as this device's", async () => {
    const buffer = device.upload(Float64Array.of(1.5, -2, NaN), "float32");
    const data = await device.read(buffer, float, 3);
    expect(data).toBeInstanceOf(float === "float32" ? Float32Array : Float64Array);
    expect(Array.from(data)).toEqual([1.5, -2, NaN]);
    device.free(buffer);
  });

  test("memory: buffers of no elements are buffers", async () => {
    for (const [data, dtype] of [
      [new Float32Array(0), "float32"],
      [new Int32Array(0), "int32"],
      [new Uint8Array(0), "bool"],
    ] as const) {
      const buffer = device.upload(data, dtype);
      expect(await device.read(buffer, dtype, 0)).toHaveLength(0);
      device.free(buffer);
    }
  });

  test("memory: ten thousand buffers made and freed leave nothing behind", () => {
    const before = device.memory();
    const kept: unknown[] = [];
    for (let i = 0; i < 10_000; i++) {
      kept.push(device.kernels.fill([(i * 37) % 501], "float32", 1));
      if (kept.length > 20) device.free(kept.splice((i * 13) % 20, 1)[0]);
    }
    for (const buffer of kept) device.free(buffer);
    expect(device.memory().buffers).toBe(before.buffers);
    expect(device.memory().bytes).toBe(before.bytes);
  });

  test("memory: a device opened a second time counts for itself and closes", async () => {
    const before = device.memory();
    const second = await backend.open();
    expect(second.memory().buffers).toBe(0);
    second.upload(new Float32Array(1000), "float32");
    expect(second.memory().buffers).toBe(1);
    expect(device.memory()).toEqual(before);
    await second.close();
    const still = device.upload(Int32Array.of(7), "int32");
    expect(Array.from(await device.read(still, "int32", 1))).toEqual([7]);
    device.free(still);
  });
}
