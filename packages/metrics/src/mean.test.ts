import fc from "fast-check";
import { expect, test } from "vitest";
import { Mean } from "./mean.ts";

test("a batch counts as many times as it has examples", () => {
  const mean = new Mean();
  mean.update({ value: 2, count: 64 });
  mean.update({ value: 1, count: 32 });
  expect(mean.result()).toBeCloseTo((2 * 64 + 32) / 96, 15);
});

test("float32 would lose these, float64 sums do not", () => {
  const mean = new Mean();
  mean.update({ value: 1, count: 2 ** 25 });
  mean.update({ value: 3 });
  expect(mean.result()).toBeCloseTo((2 ** 25 + 3) / (2 ** 25 + 1), 14);
});

test("a diverged loss shows", () => {
  const mean = new Mean();
  mean.update({ value: 1 });
  mean.update({ value: Number.NaN });
  expect(mean.result()).toBeNaN();
});

test("nothing added, or nothing counted, is an error", () => {
  const mean = new Mean();
  expect(() => mean.result()).toThrow("Mean.result: expected at least one update, got none.");
  expect(() => mean.update({ value: 1, count: 0 })).toThrow("expected a count above 0, got 0");
  mean.update({ value: 1 });
  mean.reset();
  expect(() => mean.result()).toThrow("at least one update");
});

test("parts merged are the whole, and a restored state goes on", () => {
  const batch = fc.record({ value: fc.double({ min: -10, max: 10, noNaN: true }), count: fc.integer({ min: 1, max: 100 }) });
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1 }), fc.array(batch, { minLength: 1 }), (left, right) => {
      const whole = new Mean();
      for (const inputs of [...left, ...right]) whole.update(inputs);
      const a = new Mean();
      const b = new Mean();
      for (const inputs of left) a.update(inputs);
      for (const inputs of right) b.update(inputs);
      a.merge(b);
      expect(a.result()).toBeCloseTo(whole.result(), 10);
      const resumed = new Mean();
      resumed.restore(JSON.parse(JSON.stringify(a.state())));
      expect(resumed.result()).toBe(a.result());
    }),
  );
});
