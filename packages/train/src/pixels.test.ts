import { hostTensor } from "@dl/core";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { encodePng, pixelsOf } from "./pixels.ts";

test("low is black, high is white, the rest is clipped, NaN is black", () => {
  const image = pixelsOf(hostTensor(Float32Array.of(-1, 0, 1, 5, -9, Number.NaN), [2, 3]), { low: -1 });
  expect(image).toEqual({ width: 3, height: 2, channels: 1, data: Uint8Array.of(0, 128, 255, 255, 0, 0) });
});

test.each([1, 2, 3, 4] as const)("PNG and back, %i channels", (channels) => {
  const data = Uint8Array.from({ length: 6 * channels }, (_, i) => i * 7);
  const png = decode(encodePng({ width: 2, height: 3, channels, data }));
  expect({ width: png.width, height: png.height, channels: png.channels, data: [...png.data] }).toEqual({
    width: 2,
    height: 3,
    channels,
    data: [...data],
  });
});

test("what is no image is an error", () => {
  expect(() => pixelsOf(hostTensor(new Float32Array(10), [1, 2, 5]))).toThrow("1 to 4 channels, got [1, 2, 5]");
  expect(() => pixelsOf(hostTensor(new Float32Array(10), [10]))).toThrow("expected an image [H, W] or [H, W, C]");
  expect(() => pixelsOf(hostTensor(new Float32Array(0), [0, 0]))).toThrow("got [0, 0]");
  expect(() => pixelsOf(hostTensor(new Float32Array(1), [1, 1]), { low: 1 })).toThrow("expected low < high, got 1 and 1");
  expect(() => encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(4) })).toThrow("expected 12 bytes for 2×2×3, got 4");
});
