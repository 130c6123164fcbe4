import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import { adamUpdate, type BackendDevice, Cell, Device, hostTensor, openDevice, sgdUpdate, sumOfSquares, tensor } from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

const cellOf = (...values: number[]): Cell => new Cell(hostTensor(Float32Array.from(values), [values.length]));

/** A device without fused kernels: the compositions run. */
async function composing(): Promise<Device> {
  const backend: BackendDevice = await cpu({ precision: "float64" }).open();
  return new Device({ ...backend, fused: {} });
}

const gradients = [
  [0.5, -2, 0],
  [1, 0.25, -3],
  [-0.125, 4, 1],
] as const;

async function adam(device: Device): Promise<number[]> {
  using w = cellOf(1, -2, 3);
  using first = cellOf(0, 0, 0);
  using second = cellOf(0, 0, 0);
  for (const [t, gradient] of gradients.entries()) {
    const step = {
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      weightDecay: 0.1,
      correction1: 1 - 0.9 ** (t + 1),
      correction2: 1 - 0.99 ** (t + 1),
    };
    await device.compute(() => adamUpdate(w, tensor(gradient), { first, second, step }));
  }
  return [...(await w.read()).data, ...(await first.read()).data, ...(await second.read()).data];
}

async function sgd(device: Device, nesterov: boolean): Promise<number[]> {
  using w = cellOf(1, -2, 3);
  using velocity = cellOf(0, 0, 0);
  for (const [t, gradient] of gradients.entries()) {
    const step = { learningRate: 0.1, momentum: 0.9, dampening: nesterov ? 0 : 0.2, nesterov, weightDecay: 0.01, first: t === 0 };
    await device.compute(() => sgdUpdate(w, tensor(gradient), { velocity, step }));
  }
  return [...(await w.read()).data, ...(await velocity.read()).data];
}

const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(got[i]).toBeCloseTo(value, 5);
};

onEach([cpu(), wasm()], (open) => {
  test("fused steps are the composed ones", async () => {
    const { device } = open();
    await using composed = await composing();
    close(await adam(device), await adam(composed));
    close(await sgd(device, false), await sgd(composed, false));
    close(await sgd(device, true), await sgd(composed, true));
    expect(composed.memory().buffers).toBe(0);
  });

  test("the squared global norm, of nothing too", async () => {
    const { device } = open();
    const out = await device.compute(() => [sumOfSquares([tensor([1, 2]), tensor([[2]])]), sumOfSquares([])]);
    expect(out).toEqual([9, 0]);
  });
});

test("two steps of SGD with momentum by hand: v = g, w −= lr·v; v = ½v + g, w −= lr·v", async () => {
  await using device = await openDevice(cpu({ precision: "float64" }));
  using w = cellOf(1);
  using velocity = cellOf(0);
  const step = { learningRate: 0.5, momentum: 0.5, dampening: 0, nesterov: false, weightDecay: 0 };
  await device.compute(() => sgdUpdate(w, tensor([1]), { velocity, step: { ...step, first: true } }));
  expect((await w.read()).data[0]).toBe(0.5);
  await device.compute(() => sgdUpdate(w, tensor([2]), { velocity, step: { ...step, first: false } }));
  expect((await w.read()).data[0]).toBe(-0.75); // v = 2.5
});

test("a step of AdamW by hand: the parameter shrinks by lr·decay and moves by lr against the sign", async () => {
  await using device = await openDevice(cpu({ precision: "float64" }));
  using w = cellOf(2);
  using first = cellOf(0);
  using second = cellOf(0);
  const step = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0.5, correction1: 1 - 0.9, correction2: 1 - 0.999 };
  await device.compute(() => adamUpdate(w, tensor([-7]), { first, second, step }));
  expect((await w.read()).data[0]).toBeCloseTo(2 * 0.95 + 0.1, 12);
});
