import { Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { ActivationHistogram, activationRange, type RangeMethod } from "./activation-range.ts";
import { affineScale, roundToEven } from "./integers.ts";

describe("ranges of activations", () => {
  const histogramOf = (data: ArrayLike<number>): ActivationHistogram => {
    const histogram = new ActivationHistogram();
    histogram.widen(data);
    histogram.count(data);
    return histogram;
  };
  // Half a normal distribution, as after a ReLU, and one value far out.
  const data = Float32Array.from(new Rng(1).normal([20_000]).data, Math.abs);
  data[17] = 60;
  const errorOf = (method: RangeMethod): number => {
    const { scale, zeroPoint } = affineScale(activationRange(histogramOf(data), { method }));
    return data.reduce((total, value) => {
      const integer = Math.min(127, Math.max(-128, roundToEven(value / scale) + zeroPoint));
      return total + (value - scale * (integer - zeroPoint)) ** 2;
    }, 0);
  };

  test("min-max takes all, the others leave the outlier out", () => {
    expect(activationRange(histogramOf(data), { method: "min-max" }).max).toBe(60);
    expect(activationRange(histogramOf(data), { method: "percentile", percentile: 99.9 }).max).toBeLessThan(5);
    // An entropy that leaves too much out, or nothing, is none.
    const { max } = activationRange(histogramOf(data), { method: "entropy" });
    expect(max).toBeGreaterThan(2.5);
    expect(max).toBeLessThan(20);
  });

  test("entropy is not led astray by zeros, of which a ReLU or a picture gives many", () => {
    const many = Float32Array.from(data, (value, i) => (i === 17 || i % 5 === 0 ? Math.min(value, 4) : 0));
    const { max } = activationRange(histogramOf(many), { method: "entropy" });
    expect(max).toBeGreaterThan(2);
  });

  test("mse has no more error than taking all", () => {
    expect(errorOf("mse")).toBeLessThanOrEqual(errorOf("min-max") * 1.01);
  });

  test("percentile by hand: of 0 to 100, evenly, the inner 98 of 100", () => {
    const even = Float32Array.from({ length: 100_001 }, (_, i) => i / 1000);
    const { min, max } = activationRange(histogramOf(even), { method: "percentile", percentile: 99 });
    expect(min).toBeCloseTo(1, 1);
    expect(max).toBeCloseTo(99, 1);
  });
});
