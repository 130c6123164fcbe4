import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach, referenceSuite } from "../testing/reference-fixture.ts";

referenceSuite("pool", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs }, { x }) => {
    const images = x!.transpose([0, 2, 3, 1]);
    const options = { kernelSize: attrs.kernel_size, stride: attrs.stride, padding: attrs.padding ?? 0, ceil: attrs.ceil_mode ?? false };
    const pooled =
      name === "max_pool2d"
        ? ops.maxPool2d(images, options)
        : name === "avg_pool2d"
          ? ops.averagePool2d(images, { ...options, countPadding: attrs.count_include_pad ?? false })
          : ops.adaptiveAveragePool2d(images, attrs.output_size);
    return pooled.transpose([0, 3, 1, 2]);
  },
});

onEach([cpu({ precision: "float64" }), wasm()], (open) => {
  test("with ceil, padding counts and what hangs over beyond it does not: [0, 1, 2, 3, 0 | ] by windows of 3, 2 apart", async () => {
    const { device } = open();
    const means = await device.compute(() => {
      const row = ops.tensor([1, 2, 3, 4]).reshape([1, 1, 4, 1]); // padded: 0 1 2 3 4 0
      const options = { kernelSize: [1, 3], stride: 2, ceil: true } as const;
      const padding = [
        [0, 0],
        [1, 1],
      ] as const;
      return [true, false].map((countPadding) => ops.averagePool2d(row, { ...options, padding, countPadding }).reshape([-1]));
    });
    expect(means.map(({ data }) => Array.from(data))).toEqual([
      [1, 3, 2], // (0 + 1 + 2)/3, (2 + 3 + 4)/3, (4 + 0)/2
      [1.5, 3, 4],
    ]);
  });

  test("adaptive maxima: the windows of 5 shared in 3 are 0–1, 1–3, 3–4, of 4 shared in 2 are halves", async () => {
    const { device } = open();
    const image = ops.hostTensor(Float32Array.of(1, 2, 3, 4, 8, 7, 6, 5, 9, 0, 2, 1, 0, 1, 5, 3, 2, 6, 1, 4), [1, 5, 4, 1]);
    const largest = await device.compute(() => ops.adaptiveMaxPool2d(ops.tensor(image), [3, 2]));
    expect([largest.shape, ...largest.data]).toEqual([[1, 3, 2, 1], 8, 6, 9, 6, 6, 5]);
  });
});
