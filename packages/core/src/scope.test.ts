import { cpu } from "@dl/backend-cpu";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cell, type Device, grad, openDevice, ScopeError, scope, type Tensor, tensor, valueAndGrad } from "./index.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

const live = (): number => device.memory().buffers;

test("an operation outside of compute says where to put it", () => {
  expect(() => tensor([1])).toThrow(new ScopeError("tensor: expected an open scope, got none. Wrap the work in device.compute(() => …)."));
  expect(() => scope(() => 1)).toThrow(ScopeError);
});

test("scope frees what it made, but for what it returns, to any depth", async () => {
  await device.compute(() => {
    const before = live();
    const kept = scope(() => {
      const a = tensor([1, 2]);
      a.add(1).mul(2); // two more, and a scalar each
      return { list: [a.exp()], map: new Map([["b", a.neg()]]), number: 3 };
    });
    expect(live()).toBe(before + 2);
    expect(kept.number).toBe(3);
    return [kept.list[0]!.add(1), kept.map.get("b")!];
  });
});

test("scopes nest: what an inner one returns belongs to the next, and goes with it", async () => {
  const out = await device.compute(() => {
    const before = live();
    let middle!: Tensor;
    const last = scope(() => {
      middle = scope(() => tensor([1]).add(1));
      return middle.add(1);
    });
    expect(live()).toBe(before + 1);
    expect(() => middle.add(1)).toThrow("tensor [1]: it was freed when scope ended. Return it from there, or keep it in a Cell.");
    return last;
  });
  expect([...out.data]).toEqual([3]);
});

test("scope hands a tensor of the outer scope through unharmed", async () => {
  const out = await device.compute(() => {
    const x = tensor([5]);
    expect(scope(() => x)).toBe(x);
    return x.add(scope(() => x.reshape([1, 1])).sum());
  });
  expect([...out.data]).toEqual([10]);
});

test("a throw inside scope frees what it made and leaves the outer scope at work", async () => {
  const out = await device.compute(() => {
    const before = live();
    expect(() =>
      scope(() => {
        tensor([1]).add(1);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(live()).toBe(before);
    return tensor([7]);
  });
  expect([...out.data]).toEqual([7]);
});

test("an asynchronous scope is an error", async () => {
  await expect(
    device.compute(() => {
      scope(async () => tensor([1]));
    }),
  ).rejects.toThrow("scope: expected a synchronous function, got one that returns a promise. Await outside, compute inside.");
});

test("inside a gradient, scope keeps what the way back needs, and the end of the gradient frees it", async () => {
  using w = new Cell({ shape: [2], dtype: "float32", data: Float32Array.of(2, 3) });
  await device.compute(() => {
    w.value;
    const before = live();
    const { grads } = valueAndGrad(() => scope(() => scope(() => w.value.square()).mul(w.value)).sum(), [w]); // w³
    expect(live()).toBe(before + 2);
    return grads.get(w)!;
  });
});

test("scope inside a gradient of a gradient", async () => {
  const out = await device.compute(() => {
    const x = tensor([2]);
    return grad(() => scope(() => grad(() => scope(() => x.pow(3)).sum(), [x])[0]!).sum(), [x])[0]!; // 6x
  });
  expect([...out.data]).toEqual([12]);
});
