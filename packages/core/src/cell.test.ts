import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { describe, expect, test } from "vitest";
import {
  adamUpdate,
  type BackendDevice,
  Cell,
  Device,
  DtypeError,
  hostTensor,
  openDevice,
  type Scalar,
  ScopeError,
  ShapeError,
  sgdUpdate,
  tensor,
  UnsupportedError,
  valueAndGrad,
} from "./index.ts";
import { onEach } from "./testing/reference-fixture.ts";

const cellOf = (...values: number[]): Cell => new Cell(hostTensor(Float32Array.from(values), [values.length]));
const plainStep = { learningRate: 1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true } as const;

onEach([cpu(), wasm({ threads: 1 })], (open) => {
  test("a value read before a write keeps its numbers, whether the write replaces or works in place", async () => {
    const { device } = open();
    using cell = cellOf(1, 2);
    const out = await device.compute(() => {
      const first = cell.value;
      sgdUpdate(cell, tensor([1, 1]), { velocity: undefined, step: plainStep });
      const second = cell.value;
      cell.set(second.mul(10));
      const third = cell.value;
      sgdUpdate(cell, tensor([1, 1]), { velocity: undefined, step: plainStep });
      return [first, second, third, cell.value];
    });
    expect(out.map(({ data }) => [...data])).toEqual([
      [1, 2],
      [0, 1],
      [0, 10],
      [-1, 9],
    ]);
  });

  test("a cell set to another's value is not moved by updates of that other", async () => {
    const { device } = open();
    using a = cellOf(1);
    using b = cellOf(5);
    await device.compute(() => {
      b.set(a.value);
      sgdUpdate(a, tensor([1]), { velocity: undefined, step: plainStep });
    });
    expect([...(await a.read()).data, ...(await b.read()).data]).toEqual([0, 1]);
  });

  test("nothing is copied when nobody else holds the value: Adam writes in place", async () => {
    const { device } = open();
    using w = cellOf(3);
    using first = cellOf(0);
    using second = cellOf(0);
    const step = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0, weightDecay: 0, correction1: 0.1, correction2: 0.01 };
    await device.compute(() => [w.value, first.value, second.value]);
    const before = device.memory();
    await device.compute(() => {
      const { grads } = valueAndGrad(() => w.value.square().sum(), [w]);
      const held = device.memory().buffers;
      adamUpdate(w, grads.get(w)!, { first, second, step });
      expect(device.memory().buffers).toBe(held);
    });
    expect(device.memory()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
    // The first step of Adam is the learning rate against the sign of the gradient.
    expect((await w.read()).data[0]).toBeCloseTo(2.9, 6);
  });
});

test("a cell moves from device to device with its value", async () => {
  await using one = await openDevice(cpu());
  await using two = await openDevice(wasm({ threads: 1 }));
  await using exact = await openDevice(cpu({ precision: "float64" }));
  using cell = cellOf(1, 2);
  using mask = new Cell({ shape: [1], dtype: "bool", data: Uint8Array.of(1) });
  for (const device of [one, two, exact, one]) {
    await device.compute(() => {
      cell.set(cell.value.add(1));
      expect(mask.value.dtype).toBe("bool");
    });
    expect(one.memory().buffers + two.memory().buffers + exact.memory().buffers).toBe(2);
  }
  expect(await cell.read()).toEqual({ shape: [2], dtype: "float32", data: Float32Array.of(5, 6) });
});

test("a cell on a device without synchronous reads says how to move it, and reads when asked", async () => {
  const { readSync: _, ...backend }: BackendDevice = await cpu().open();
  await using slow = new Device({ ...backend, name: "slow" });
  await using device = await openDevice(cpu());
  using cell = cellOf(4);
  await slow.compute(() => cell.set(cell.value.add(1)));
  await expect(device.compute(() => cell.value)).rejects.toThrow(
    new UnsupportedError(
      "Cell [1]: its value lives on slow, and the current device is cpu (float32). Move it first: cell.load(await cell.read()), or a whole model with moveToHost of @dl/nn.",
    ),
  );
  cell.load(await cell.read());
  expect(slow.memory().buffers).toBe(0);
  expect([...(await device.compute(() => cell.value)).data]).toEqual([5]);
});

describe("errors say what to do", () => {
  test("before any compute, and outside of one", async () => {
    using cell = cellOf(1);
    expect([...(await cell.read()).data]).toEqual([1]);
    expect(() => cell.value).toThrow("Cell.value: expected an open scope, got none. Wrap the work in device.compute(() => …).");
  });

  test("wrong shapes, dtypes and lengths", async () => {
    await using device = await openDevice(cpu());
    using cell = cellOf(1, 2);
    using labels = new Cell({ shape: [1], dtype: "int32", data: Int32Array.of(1) });
    await device.compute(() => {
      expect(() => cell.set(tensor([1]))).toThrow(new ShapeError("Cell.set: expected shape [2], got [1]."));
      expect(() => cell.set(tensor([1, 2], { dtype: "int32" }))).toThrow(
        new DtypeError('Cell.set: expected dtype float32, got int32. Convert it with .cast("float32").'),
      );
    });
    expect(() => cell.load(hostTensor(Float32Array.of(1), [1]))).toThrow(new ShapeError("Cell.load: expected shape [2], got [1]."));
    expect(() => labels.load({ shape: [1], dtype: "bool", data: Uint8Array.of(1) })).toThrow(
      new DtypeError("Cell.load: expected int32, got bool. Convert the data first."),
    );
    expect(() => cell.load({ shape: [2], dtype: "float32", data: Float32Array.of(1) })).toThrow(
      "Cell.load: expected 2 elements for shape [2], got 1.",
    );
    expect(() => new Cell({ shape: [2], dtype: "float32", data: new Float32Array(3) })).toThrow(
      "Cell: expected 2 elements for shape [2], got 3.",
    );
  });

  test("an update with a gradient of another shape", async () => {
    await using device = await openDevice(cpu());
    using cell = cellOf(1, 2);
    await device.compute(() => {
      expect(() => sgdUpdate(cell, tensor([1]), { velocity: undefined, step: plainStep })).toThrow(
        "sgdUpdate: expected a gradient and state of the parameter's shape [2], got [1].",
      );
    });
  });

  test("after its owner was disposed", async () => {
    await using device = await openDevice(cpu());
    const cell = cellOf(1);
    await device.compute(() => cell.value);
    expect(device.memory().buffers).toBe(1);
    cell[Symbol.dispose]();
    cell[Symbol.dispose]();
    expect(device.memory().buffers).toBe(0);
    const message =
      "Cell [1]: it was used after its owner was disposed. Keep the model or optimizer in scope. A block that declares it with `using` awaits its work: `return await fit(…)`.";
    await expect(device.compute(() => cell.value)).rejects.toThrow(new ScopeError(message));
    await expect(cell.read()).rejects.toThrow(message);
    expect(() => cell.load(hostTensor(Float32Array.of(1), [1]))).toThrow(message);
  });

  test("a write while a gradient by the cell is recorded, which its leaf would not see", async () => {
    await using device = await openDevice(cpu());
    using cell = cellOf(1);
    using other = cellOf(1);
    await device.compute(() => {
      const message = "Cell [1]: expected no write while a gradient by it is recorded, got one. Write after valueAndGrad has returned.";
      expect(() =>
        valueAndGrad(() => {
          cell.set(tensor([2]));
          return cell.value.sum();
        }, [cell]),
      ).toThrow(new ScopeError(message));
      const inPlace = (): Scalar => {
        sgdUpdate(cell, tensor([1]), { velocity: undefined, step: plainStep });
        return cell.value.sum();
      };
      expect(() => valueAndGrad(inPlace, [cell])).toThrow(message);
      // State it does not differentiate by may move.
      valueAndGrad(() => {
        other.set(other.value.add(cell.value));
        return cell.value.sum();
      }, [cell]);
    });
    expect([...(await other.read()).data]).toEqual([2]);
  });
});

test("a cell whose device is gone takes a new value, and goes on elsewhere", async () => {
  using loaded = cellOf(1, 2);
  using set = cellOf(1, 2);
  const gone = await openDevice(cpu());
  await gone.compute(() => {
    for (const cell of [loaded, set]) cell.set(cell.value.mul(3));
  });
  await gone[Symbol.asyncDispose]();
  await using device = await openDevice(cpu());
  loaded.load({ shape: [2], dtype: "float32", data: Float32Array.of(4, 5) });
  expect(await device.compute(() => loaded.value.sum())).toBe(9);
  expect(
    await device.compute(() => {
      set.set(tensor([6, 7]));
      return set.value.sum();
    }),
  ).toBe(13);
  expect(device.memory().buffers).toBe(2);
});

test("a cell may outlive its device; a value born on the host has the same bits on every device", async () => {
  using cell = cellOf(0.1, 1 / 3);
  await using device = await openDevice(cpu({ precision: "float64" }));
  const out = await device.compute(() => cell.value);
  expect([...out.data]).toEqual([Math.fround(0.1), Math.fround(1 / 3)]);
});
