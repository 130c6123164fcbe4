/** Gradients of every operation on a device, once and twice, against the float64 oracle. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grad } from "../autodiff.ts";
import type { Backend } from "../backend.ts";
import { type Device, openDevice } from "../device.ts";
import type { HostTensor } from "../host-tensor.ts";
import { tensor } from "../ops/creation.ts";
import { Rng } from "../rng.ts";
import type { Scalar, Tensor } from "../tensor.ts";
import { type GradientCase, gradientCases } from "./gradient-cases.ts";

/** Registers the suite for `backend`; `oracle` computes in float64. */
export function gradientContract(backend: Backend, { oracle }: { oracle: Backend }): void {
  describe(`${backend.name}: gradients`, () => {
    let device: Device;
    let reference: Device;
    beforeAll(async () => {
      device = await openDevice(backend);
      reference = await openDevice(oracle);
    });
    afterAll(async () => {
      await device[Symbol.asyncDispose]();
      await reference[Symbol.asyncDispose]();
    });

    test.each(gradientCases)("$name: value, gradient and second gradient are the oracle's", async (example) => {
      const before = device.memory().buffers;
      const found = await derivatives(device, example);
      const expected = await derivatives(reference, example);
      // Float32 sums of a few dozen terms of order 1; the second order multiplies more of them.
      close(found.value, expected.value, { absolute: 1e-5, relative: 1e-4 });
      close(found.first, expected.first, { absolute: 2e-5, relative: 2e-4 });
      close(found.second, expected.second, { absolute: 1e-4, relative: 1e-3 });
      expect(device.memory().buffers, "live buffers after compute").toBe(before);
    });
  });
}

interface Derivatives {
  readonly value: number[];
  readonly first: number[];
  readonly second: number[];
}

async function derivatives(device: Device, { inputs, work }: GradientCase): Promise<Derivatives> {
  const rng = new Rng(11);
  const project = (y: Tensor, label: string): Scalar => y.mul(tensor(rng.fork(label).normal(y.shape))).sum();
  const { value, first, second } = await device.compute(() => {
    const xs = inputs.map((input) => tensor(input));
    const gradients = (): Tensor[] => grad(() => project(work(...xs), "cotangent"), xs);
    const alongVectors = (): Scalar =>
      gradients()
        .map((g, i) => project(g, `vector ${i}`))
        .reduce((total, part) => total.add(part));
    return { value: work(...xs), first: gradients(), second: grad(alongVectors, xs) };
  });
  return { value: flat([value]), first: flat(first), second: flat(second) };
}

function flat(tensors: readonly (HostTensor | number)[]): number[] {
  return tensors.flatMap((item) => (typeof item === "number" ? [item] : [...item.data]));
}

function close(
  found: readonly number[],
  expected: readonly number[],
  { absolute, relative }: { absolute: number; relative: number },
): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => {
    const limit = absolute + relative * Math.abs(expected[i]!);
    if (!(Math.abs(value - expected[i]!) <= limit)) expect.fail(`element ${i}: expected ${expected[i]} ± ${limit}, got ${value}`);
  });
}
