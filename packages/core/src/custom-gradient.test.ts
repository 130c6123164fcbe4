import { cpu } from "@dl/backend-cpu";
import { expect, test } from "vitest";
import { customGradient, grad, round, stopGradient, type Tensor, tensor } from "./index.ts";
import { onEach } from "./testing/reference-fixture.ts";

onEach([cpu(), cpu({ precision: "float64" })], (open) => {
  test("the straight-through estimator rounds forward and passes the gradient on", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor([0.4, 1.6]);
      const y = (): Tensor => customGradient([x], { forward: () => round(x), backward: (g) => [g] });
      return [y(), grad(() => y().square().sum(), [x])[0]!];
    });
    expect(out.map(({ data }) => [...data])).toEqual([
      [0, 2],
      [0, 4],
    ]);
  });

  test("null means none flows; backward sees the output; what it is written in differentiates again", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const [a, b] = [tensor([2]), tensor([5])];
      // Claims the slope of a·b by a to be the output itself: a·b.
      const y = (): Tensor => customGradient([a, b], { forward: () => a.mul(b), backward: (g, output) => [g.mul(output), null] });
      const first = (): Tensor[] => grad(() => y().sum(), [a, b]);
      return [...first(), ...grad(() => first()[0]!.sum(), [a, b])];
    });
    // The output, differentiated again, has the gradient that was given: 10 by a, none by b.
    expect(out.map(({ data }) => data[0])).toEqual([10, 0, 10, 0]);
  });

  test("too few gradients are refused", async () => {
    const { device } = open();
    await device.compute(() => {
      const [a, b] = [tensor([1, 2, 3]), tensor([2])];
      const short = (): Tensor => customGradient([a, b], { forward: () => a.mul(b), backward: (g) => [g] });
      expect(() => grad(() => short().sum(), [a])).toThrow("customGradient: expected 2 gradients from backward, one per input, got 1.");
    });
  });

  test("stopGradient is a constant of the same value", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor([3]);
      expect(stopGradient(x).node).toBe(null);
      return grad(() => x.mul(stopGradient(x)).add(stopGradient(x.square())).sum(), [x])[0]!;
    });
    expect(out.data[0]).toBe(3);
  });
});
