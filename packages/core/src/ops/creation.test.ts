import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

onEach([cpu(), wasm()], (open) => {
  test("tensors come from numbers, nested arrays, typed arrays and host tensors", async () => {
    const { device } = open();
    const out = await device.compute(() => [
      ops.tensor([
        [1, 2],
        [3, 4],
      ]),
      ops.tensor(Int32Array.of(5, 6)),
      ops.tensor(new Float64Array([1.5])),
      ops.tensor(ops.hostTensor(Uint8Array.of(1, 0), [1, 2])),
      ops.tensor([0, 2], { dtype: "bool" }),
      ops.tensor([1.7, -1.7], { dtype: "int32" }),
      ops.tensor(Uint8Array.of(0, 255), { dtype: "float32" }),
      ops.tensor(Int32Array.of(3), { dtype: "float32" }),
      ops.tensor([]),
    ]);
    expect(out.map(({ dtype, shape, data }) => [dtype, shape, ...data])).toEqual([
      ["float32", [2, 2], 1, 2, 3, 4],
      ["int32", [2], 5, 6],
      ["float32", [1], 1.5],
      ["bool", [1, 2], 1, 0],
      ["bool", [2], 0, 1],
      ["int32", [2], 1, -1],
      ["float32", [2], 0, 255],
      ["float32", [1], 3],
      ["float32", [0]],
    ]);
  });

  test("filled and counted tensors", async () => {
    const { device } = open();
    const out = await device.compute(() => [
      ops.zeros([2]),
      ops.ones([1, 2], { dtype: "int32" }),
      ops.fill([2], 1, { dtype: "bool" }),
      ops.eye(2),
      ops.range(3),
      ops.range(1, { start: 4, step: -1 }),
      ops.range(1, { step: 0.25, dtype: "float32" }),
      ops.range(-1),
      ops.linspace(0, 1, { count: 3 }),
      ops.linspace(2, 9, { count: 1 }),
      ops.onesLike(ops.range(2)),
    ]);
    expect(out.map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ["float32", 0, 0],
      ["int32", 1, 1],
      ["bool", 1, 1],
      ["float32", 1, 0, 0, 1],
      ["int32", 0, 1, 2],
      ["int32", 4, 3, 2],
      ["float32", 0, 0.25, 0.5, 0.75],
      ["int32"],
      ["float32", 0, 0.5, 1],
      ["float32", 2],
      ["int32", 1, 1],
    ]);
  });

  test("upload keeps the names of a batch", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const { images, labels } = ops.upload({ images: ops.fromNested([[1, 2]]), labels: ops.fromNested([3], "int32") });
      return { images, labels };
    });
    expect([out.images.shape, out.labels.dtype]).toEqual([[1, 2], "int32"]);
  });

  test("casts: floats truncate, bools are 0 or 1, anything but 0 is true", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = ops.tensor([-1.9, 0, 0.2, 2.9]);
      return [x.cast("int32"), x.cast("bool"), x.cast("bool").cast("float32"), x.cast("int32").cast("float32")];
    });
    expect(out.map(({ data }) => [...data].map((value) => value + 0))).toEqual([
      [-1, 0, 0, 2],
      [1, 0, 1, 1],
      [1, 0, 1, 1],
      [-1, 0, 0, 2],
    ]);
  });

  test("what is no tensor is refused by name", async () => {
    const { device } = open();
    await device.compute(() => {
      expect(() => ops.tensor([true] as never)).toThrow(new ops.DtypeError("tensor: expected numbers in nested arrays, got boolean."));
      expect(() => ops.tensor(new Uint8ClampedArray(2) as never)).toThrow(
        new ops.DtypeError("dtypeOf: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got Uint8ClampedArray."),
      );
      expect(() => ops.tensor(Uint8Array.of(1, 200))).toThrow(
        new ops.DtypeError('tensor: expected 0 or 1 in a Uint8Array, which holds bools, got 200. For numbers, say { dtype: "float32" }.'),
      );
      expect(() => ops.range(1, { step: 0.5 })).toThrow(
        'range: expected a whole start and step for int32, got 0 and 0.5. Ask for { dtype: "float32" }.',
      );
      expect(() => ops.range(1, { step: 0 })).toThrow(ops.OptionError);
      expect(() => ops.linspace(0, 1, { count: 1.5 })).toThrow("linspace: expected a whole count ≥ 0, got 1.5.");
    });
  });
});
