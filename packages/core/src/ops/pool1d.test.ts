import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

// Two channels: 1 4 2 8 5 and its negative.
const values = [1, 4, 2, 8, 5].map((value) => [value, -value]);
/** Of the first channel, from a result `[1, T', 2]`. */
const first = ({ data }: ops.HostTensor): number[] => Array.from(data).filter((_, i) => i % 2 === 0);
const second = ({ data }: ops.HostTensor): number[] => Array.from(data).filter((_, i) => i % 2 === 1);

onEach([cpu({ precision: "float64" }), wasm()], (open) => {
  test("windows along time, each channel for itself", async () => {
    const { device } = open();
    const { maxima, overlapping, padded, apart, over, means, counted } = await device.compute(() => {
      const x = ops.tensor([values]); // [1, 5, 2]
      return {
        maxima: ops.maxPool1d(x, { kernelSize: 2 }),
        overlapping: ops.maxPool1d(x, { kernelSize: 2, stride: 1 }),
        padded: ops.maxPool1d(x, { kernelSize: 3, stride: 2, padding: 1 }),
        apart: ops.maxPool1d(x, { kernelSize: 2, stride: 1, dilation: 3 }),
        over: ops.maxPool1d(x, { kernelSize: 2, ceil: true }),
        means: ops.averagePool1d(x, { kernelSize: 2, padding: [1, 0] }),
        counted: ops.averagePool1d(x, { kernelSize: 2, padding: [1, 0], countPadding: true }),
      };
    });
    expect([first(maxima), second(maxima)]).toEqual([
      [4, 8],
      [-1, -2],
    ]);
    expect(first(overlapping)).toEqual([4, 4, 8, 8]);
    // | 1 4 · 4 2 8 · 8 5 |: padding is less than anything.
    expect([first(padded), second(padded)]).toEqual([
      [4, 8, 8],
      [-1, -2, -5],
    ]);
    expect(first(apart)).toEqual([8, 5]); // 1 and 8, 4 and 5
    expect(first(over)).toEqual([4, 8, 5]);
    expect(first(means)).toEqual([1, 3, 6.5]); // 1 alone, 4 and 2, 8 and 5
    expect(first(counted)).toEqual([0.5, 3, 6.5]);
  });

  test("the gradient goes to the largest, or is shared", async () => {
    const { device } = open();
    const [largest, shared] = await device.compute(() =>
      [ops.maxPool1d, ops.averagePool1d].map((pool) => {
        const x = ops.tensor([values]);
        return ops.grad(() => pool(x, { kernelSize: 2 }).sum(), [x])[0]!;
      }),
    );
    expect([first(largest!), second(largest!)]).toEqual([
      [0, 1, 0, 1, 0],
      [1, 0, 1, 0, 0],
    ]);
    expect(first(shared!)).toEqual([0.5, 0.5, 0.5, 0.5, 0]);
  });

  test("images, and windows that are none, are refused", async () => {
    const { device } = open();
    const pooled = (shape: number[], kernelSize: number) => device.compute(() => ops.maxPool1d(ops.zeros(shape), { kernelSize }));
    await expect(pooled([1, 4, 4, 2], 2)).rejects.toThrow("maxPool1d: expected sequences [B, T, C], got [1, 4, 4, 2].");
    await expect(pooled([1, 4, 2], 0)).rejects.toThrow("maxPool1d: expected kernelSize, a whole number ≥ 1, got 0.");
    await expect(device.compute(() => ops.averagePool1d(ops.zeros([1, 4, 2]), {} as never))).rejects.toThrow(
      /averagePool1d: expected kernelSize/,
    );
  });
});
