import { DataError, hostTensor } from "@dl/core";
import { expect, test } from "vitest";
import { arrayDataset } from "./array-dataset.ts";
import { byteColumn } from "./byte-column.ts";

const points = arrayDataset({
  inputs: hostTensor(Float32Array.of(0, 1, 10, 11, 20, 21), [3, 2]),
  labels: hostTensor(Int32Array.of(2, 0, 1), [3]),
});

test("an example is one row of every field, without the batch axis", () => {
  expect(points.length).toBe(3);
  expect(points.get(1)).toEqual({
    inputs: { shape: [2], dtype: "float32", data: Float32Array.of(10, 11) },
    labels: { shape: [], dtype: "int32", data: Int32Array.of(0) },
  });
});

test("a batch is the rows asked for, in that order, repeats included", () => {
  expect(points.getBatch(Int32Array.of(2, 0, 2))).toEqual({
    inputs: { shape: [3, 2], dtype: "float32", data: Float32Array.of(20, 21, 0, 1, 20, 21) },
    labels: { shape: [3], dtype: "int32", data: Int32Array.of(1, 2, 1) },
  });
});

test("a batch is fresh: writing into it does not change the dataset", () => {
  points.getBatch(Int32Array.of(0, 1)).inputs.data.fill(-1);
  points.get(0).inputs.data.fill(-1);
  expect(points.get(0).inputs.data).toEqual(Float32Array.of(0, 1));
});

test("bytes are read as float32 in [0, 1], as dividing by 255 gives, or at the scale asked for", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const images = arrayDataset({ images: byteColumn(bytes, [64, 2, 2, 1]) });
  const all = images.getBatch(Int32Array.from({ length: 64 }, (_, i) => i)).images;
  expect(all.shape).toEqual([64, 2, 2, 1]);
  // One unit in the last place: byte · (1/255) and byte / 255 round differently.
  all.data.forEach((value, i) => {
    expect(Math.abs(value - i / 255)).toBeLessThanOrEqual(6e-8);
  });
  expect(all.data[255]).toBe(1);
  const plain = arrayDataset({ images: byteColumn(bytes, [64, 2, 2, 1], { scale: 1 }) });
  expect(plain.get(63).images.data).toEqual(Float32Array.of(252, 253, 254, 255));
});

test("fields of different lengths, missing rows and wrong labels are named", () => {
  const inputs = hostTensor(new Float32Array(4), [2, 2]);
  expect(() => arrayDataset({ inputs, labels: hostTensor(new Int32Array(3), [3]) })).toThrow(/inputs \[2, 2\], got labels \[3\]/);
  expect(() => arrayDataset({})).toThrow(DataError);
  expect(() => arrayDataset({ inputs: [[1, 2]] as never })).toThrow(/expected inputs as a host tensor.*fromNested\(lists\)/);
  expect(() => points.get(3)).toThrow(/from 0 to 2, got 3/);
  expect(() => points.getBatch(Int32Array.of(0, -1))).toThrow(/from 0 to 2, got -1/);
  const labels = hostTensor(Int32Array.of(0, 2), [2]);
  expect(() => arrayDataset({ inputs, labels }, { classNames: ["no", "yes"] })).toThrow(/labels from 0 to 1 .*got 2 at example 1/);
  expect(() => arrayDataset({ labels: hostTensor(new Float32Array(2), [2]) }, { classNames: ["a"] })).toThrow(
    /int32 labels \[N\], got float32/,
  );
  expect(() => byteColumn(new Uint8Array(5), [2, 3])).toThrow(/6 bytes for shape \[2, 3\], got 5/);
});
