/** For tests: small models of `fixtures`, as transformers ran them. */

import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, type HostTensor, hostTensor, openDevice } from "@dl/core";
import { fromStored, readSafetensors } from "@dl/nn";
import { expect } from "vitest";

export function fixturePath(name: string): string {
  return new URL(`../fixtures/${name}`, import.meta.url).pathname;
}

export function readFixture(name: string): ReadonlyMap<string, HostTensor> {
  const { tensors } = readSafetensors(readFileSync(fixturePath(name)));
  return new Map([...tensors].map(([key, tensor]) => [key, fromStored(tensor, { name: key })]));
}

export function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(fixturePath(name), "utf8")) as T;
}

/** 0 and 1 as a mask. */
export function asMask({ data, shape }: HostTensor): HostTensor {
  return { shape, dtype: "bool", data: Uint8Array.from(data) };
}

/** `[B, C, H, W]` → `[B, H, W, C]` */
export function channelsLast({ shape, data }: HostTensor): HostTensor {
  const [batch, channels, height, width] = shape as readonly [number, number, number, number];
  const pixels = height * width;
  const turned = Float32Array.from({ length: data.length }, (_, i) => {
    const channel = i % channels;
    const pixel = Math.floor(i / channels) % pixels;
    return data[(Math.floor(i / (channels * pixels)) * channels + channel) * pixels + pixel]!;
  });
  return hostTensor(turned, [batch, height, width, channels]);
}

/** Largest error: absolute, and relative to the tensor's largest value. */
export type Bound = readonly [absolute: number, relative: number];

export interface Precision {
  readonly name: string;
  readonly backend: () => Backend;
  readonly outputs: Bound;
  readonly gradients: Bound;
}

// The bounds of the fixtures' maker; the references themselves are float32, off by some 10⁻⁶ of the largest value.
export const precisions: readonly Precision[] = [
  { name: "cpu float64", backend: () => cpu({ precision: "float64" }), outputs: [1e-6, 5e-6], gradients: [1e-6, 2e-5] },
  { name: "wasm", backend: () => wasm({ threads: 1 }), outputs: [1e-5, 1e-4], gradients: [1e-4, 1e-3] },
];

/** `rows`, of `[B, T, …]` or `[B, H, T, …]`, says which to compare: the others are padding, which means nothing. */
export function expectNear(
  got: HostTensor,
  wanted: HostTensor,
  { bound: [absolute, relative], what, rows }: { bound: Bound; what: string; rows?: HostTensor | undefined },
): void {
  expect(got.shape, `shape of ${what}`).toEqual(wanted.shape);
  let largest = 0;
  for (const value of wanted.data) largest = Math.max(largest, Math.abs(value));
  const limit = absolute + relative * largest;
  const time = rows?.shape[1] ?? 1;
  const heads = rows && wanted.shape.length === 4 ? wanted.shape[1]! : 1;
  const inner = wanted.data.length / ((wanted.shape[0] ?? 1) * heads * time);
  for (let i = 0; i < wanted.data.length; i++) {
    const row = Math.floor(i / inner);
    if (rows && !rows.data[Math.floor(row / (heads * time)) * time + (row % time)]) continue;
    const difference = Math.abs(got.data[i]! - wanted.data[i]!);
    if (!(difference <= limit)) expect.fail(`${what}[${i}]: expected ${wanted.data[i]} ± ${limit}, got ${got.data[i]}`);
  }
}

/** Runs `work` on a device and expects no buffer to be left when it and its cells are gone. */
export async function onDevice(backend: Backend, work: (device: Device) => Promise<void>): Promise<void> {
  await using device = await openDevice(backend);
  await work(device);
  expect(device.memory().buffers).toBe(0);
}
