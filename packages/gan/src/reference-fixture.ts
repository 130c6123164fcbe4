/** For tests: PyTorch's numbers in `fixtures`, and the devices they are held against. */

import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, type HostTensor, hostTensor, openDevice } from "@dl/core";
import { expect } from "vitest";

export interface Encoded {
  readonly shape: readonly number[];
  /** `float32` numbers are written with fewer digits than they have. */
  readonly dtype?: string;
  readonly data: readonly number[];
}

export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8")) as T;
}

export function decode({ shape, dtype, data }: Encoded): HostTensor {
  const exact = dtype === "float32" ? Math.fround : (value: number) => value;
  return hostTensor(Float64Array.from(data, exact), shape);
}

/** One thread: a test opens many. Float64 tells a wrong formula from rounding; the others are what users run. */
export const backends: readonly { readonly name: string; readonly open: () => Backend; readonly digits: number }[] = [
  { name: "cpu float64", open: () => cpu({ precision: "float64" }), digits: 1e-9 },
  { name: "wasm", open: () => wasm({ threads: 1 }), digits: 1e-4 },
];

/** Runs `work` on a device, and expects no buffer to be left when it and its cells are gone. */
export async function onDevice(backend: Backend, work: (device: Device) => Promise<void>): Promise<void> {
  await using device = await openDevice(backend);
  await work(device);
  expect(device.memory().buffers).toBe(0);
}

/** |found − expected| ≤ digits·(1 + largest expected): gradients of a deep network lose digits together, not each for itself. */
export function expectClose(
  found: HostTensor | number,
  expected: Encoded | number,
  { digits, label = "" }: { digits: number; label?: string },
): void {
  const [a, b] = [typeof found === "number" ? [found] : found.data, typeof expected === "number" ? [expected] : expected.data];
  if (typeof found !== "number" && typeof expected !== "number") expect(found.shape, label).toEqual(expected.shape);
  expect(a.length, label).toBe(b.length);
  const scale = 1 + Array.from(b).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let i = 0; i < b.length; i++) {
    if (!(Math.abs(a[i]! - b[i]!) <= digits * scale))
      expect.fail(`${label}: expected ${b[i]} at ${i}, got ${a[i]} (${digits * scale} allowed)`);
  }
}
