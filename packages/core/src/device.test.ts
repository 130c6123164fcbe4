import { cpu } from "@dl/backend-cpu";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  type Backend,
  Cell,
  Device,
  type HostTensor,
  openDevice,
  type Scalar,
  ScopeError,
  type Tensor,
  tensor,
  UnsupportedError,
  valueAndGrad,
} from "./index.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

/** A device whose reads take a while, as a GPU's do. */
async function slowDevice(): Promise<Device> {
  const { readSync: _, ...backend } = await cpu().open();
  return new Device({
    ...backend,
    read: (buffer, dtype, length) => new Promise((done) => setTimeout(done, 5)).then(() => backend.read(buffer, dtype, length)),
  });
}

describe("what leaves compute is plain data", () => {
  test("a scalar is a number, a tensor a host tensor, and trees keep their form", async () => {
    const key = { any: "object" };
    const out = await device.compute(() => ({
      loss: tensor([1, 2, 3]).sum(),
      list: [tensor([[1, 2]]), 5, "text"] as const,
      map: new Map([[key, tensor([4]).cast("int32")]]),
      deep: { deeper: [{ mask: tensor([1, 0], { dtype: "bool" }) }] },
      nothing: null,
      date: new Date(0),
    }));
    expectTypeOf(out.loss).toEqualTypeOf<number>();
    expectTypeOf(out.list[0]).toEqualTypeOf<HostTensor>();
    expectTypeOf(out.map).toEqualTypeOf<ReadonlyMap<{ any: string }, HostTensor>>();
    expect(out.loss).toBe(6);
    expect(out.list).toEqual([{ shape: [1, 2], dtype: "float32", data: Float32Array.of(1, 2) }, 5, "text"]);
    expect(out.map.get(key)).toEqual({ shape: [1], dtype: "int32", data: Int32Array.of(4) });
    expect(out.deep.deeper[0]!.mask.data).toEqual(Uint8Array.of(1, 0));
    expect(out.nothing).toBe(null);
    expect(out.date).toEqual(new Date(0));
  });

  test("one tensor in two places is read twice, and the copies are the caller's own", async () => {
    const out = await device.compute(() => {
      const x = tensor([1]);
      return [x, x.reshape([1, 1])];
    });
    out[0]!.data[0] = 9;
    expect(out[1]!.data[0]).toBe(1);
  });

  test("computeSync gives the same at once", () => {
    const out = device.computeSync(() => ({ sum: tensor([1, 2]).sum(), both: [tensor([3])] }));
    expect(out).toEqual({ sum: 3, both: [{ shape: [1], dtype: "float32", data: Float32Array.of(3) }] });
  });

  test("slow reads: results come later, buffers live until then, several computes are under way at once", async () => {
    await using slow = await slowDevice();
    expect(() => slow.computeSync(() => 1)).toThrow(
      new UnsupportedError("computeSync: expected a device that reads synchronously, got cpu (float32). Await compute instead."),
    );
    const first = slow.compute(() => [tensor([1]).add(1), new Map([["a", tensor(5)]])] as const);
    const second = slow.compute(() => ({ b: tensor([3]).mul(2) }));
    expect(slow.memory().buffers).toBe(3);
    const [[two, map], { b }] = await Promise.all([first, second]);
    expect([two.data[0], map.get("a"), b.data[0]]).toEqual([2, 5, 6]);
    expect(slow.memory().buffers).toBe(0);
  });
});

describe("work is synchronous", () => {
  test("an asynchronous callback is a type error, and from JavaScript a ScopeError", async () => {
    // @ts-expect-error: compute takes no promise.
    const promise = device.compute(async () => tensor([1]));
    await expect(promise).rejects.toThrow(
      new ScopeError("compute: expected a synchronous function, got one that returns a promise. Await outside, compute inside."),
    );
    // @ts-expect-error: nor does computeSync.
    expect(() => device.computeSync(async () => 1)).toThrow(ScopeError);
    expect(device.memory().buffers).toBe(0);
  });

  test("a throw frees everything, rejects with the error itself, and leaves no scope open", async () => {
    const error = new Error("mine");
    const failed = device.compute(() => {
      tensor([1])
        .add(tensor([2]))
        .exp();
      throw error;
    });
    await expect(failed).rejects.toBe(error);
    expect(device.memory().buffers).toBe(0);
    expect(() => tensor([1])).toThrow(ScopeError);
  });

  test("a compute inside a compute is a scope of its own", async () => {
    let inner: Promise<number> | undefined;
    const out = await device.compute(() => {
      const x = tensor([2]);
      inner = device.compute(() => x.mul(3).sum());
      return x.sum();
    });
    expect([out, await inner]).toEqual([2, 6]);
  });
});

describe("tensors do not escape", () => {
  test("one kept past its compute says when it died", async () => {
    let escaped!: Tensor;
    await device.compute(() => {
      escaped = tensor([[1, 2]]);
    });
    const message = "tensor [1, 2]: it was freed when compute ended. Return it from there, or keep it in a Cell.";
    await expect(device.compute(() => escaped.add(1))).rejects.toThrow(new ScopeError(message));
    await expect(device.compute(() => escaped)).rejects.toThrow(message);
    expect(() => escaped.buffer).toThrow(message);
    expect(escaped.shape).toEqual([1, 2]);
  });

  test("one of another device names both", async () => {
    await using other = await openDevice(cpu({ precision: "float64" }));
    await device.compute(() => {
      const here = tensor([1]);
      other.computeSync(() => {
        expect(() => here.exp()).toThrow("tensor [1]: it lives on cpu (float32) and was used on cpu (float64). Pass it as host data.");
      });
    });
  });
});

describe("openDevice", () => {
  const broken: Backend = { name: "broken", open: () => Promise.reject(new Error("no such hardware")) };
  const odd: Backend = { name: "odd", open: () => Promise.reject("just a string") };

  test("takes the first that starts, and says why the others did not", async () => {
    await using opened = await openDevice(broken, cpu(), odd);
    expect(opened.name).toBe("cpu (float32)");
    expect(opened.capabilities.float).toBe("float32");
    expect(opened.skipped).toEqual([{ backend: "broken", reason: "no such hardware" }]);
  });

  test("when none starts, the error has every reason", async () => {
    await expect(openDevice(broken, odd)).rejects.toThrow(
      new UnsupportedError("openDevice: expected one of 2 backends to start, got none:\n  broken: no such hardware\n  odd: just a string"),
    );
  });
});

test("10,000 steps of training leave the number of live buffers where it was", () => {
  const size = 4;
  using w = new Cell({ shape: [size, 1], dtype: "float32", data: new Float32Array(size) });
  const x = Float32Array.from({ length: 2 * size }, (_, i) => Math.sin(i));
  const step = (): number =>
    device.computeSync(() => {
      const inputs = tensor({ shape: [2, size], dtype: "float32", data: x });
      const loss = (): Scalar =>
        inputs
          .matmul(w.value)
          .sub(tensor([[1], [-1]]))
          .square()
          .mean();
      const { value, grads } = valueAndGrad(loss, [w]);
      w.set(w.value.sub(grads.get(w)!.mul(0.1)));
      return value;
    });
  const first = step();
  const { buffers, bytes } = device.memory();
  let last = first;
  for (let i = 0; i < 10_000; i++) last = step();
  expect(device.memory()).toMatchObject({ buffers, bytes });
  expect(last).toBeLessThan(1e-6);
  expect(first).toBe(1);
});
