import { hostTensor, mean, type Rng, sum } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { inference } from "@dl/nn";
import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { pointsOf } from "./points-fixture.ts";
import { backends, onDevice, Subject } from "./run-fixture.ts";

const numbers = arrayDataset({ x: hostTensor(Float32Array.of(1, 2, 3, 4, 10), [5]) });

test.each(backends)("means do not depend on the batch size, on $name", ({ open }) =>
  onDevice(open(), async (device) => {
    using subject = new Subject();
    const dataset = pointsOf(30);
    const of = (batchSize: number) => evaluate({ device, dataset, batchSize, step: (batch) => subject.step(batch, inference) });
    const whole = await of(30);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (batchSize) => {
        const { loss, accuracy } = await of(batchSize);
        expect(loss).toBeCloseTo(whole.loss, 6); // float32 sums in another order
        expect(accuracy).toBeCloseTo(whole.accuracy, 6);
      }),
      { numRuns: 10 },
    );
  }),
);

test("scalars are averaged, batches come with their outputs in order, and the types know which is which", () =>
  onDevice(backends[0]!.open(), async (device) => {
    const seen: number[][] = [];
    const means = await evaluate({
      device,
      dataset: numbers,
      batchSize: 2,
      step: ({ x }) => ({ value: mean(x), doubled: x.mul(2) }),
      onBatch: ({ x }, { value, doubled }) => void seen.push([...x.data, value, ...doubled.data]),
    });
    expect(means).toEqual({ value: 4 });
    const value: number = means.value;
    expect(value).toBe(4);
    expect(seen).toEqual([
      [1, 2, 1.5, 2, 4],
      [3, 4, 3.5, 6, 8],
      [10, 10, 20],
    ]);
  }));

test("a random transform without rng, an empty dataset and an aborted signal are errors", () =>
  onDevice(backends[0]!.open(), async (device) => {
    const step = ({ x }: { x: Parameters<typeof sum>[0] }) => ({ total: sum(x) });
    const transform = (_: unknown, { rng }: { rng: (row: number) => Rng }) => void rng(0);
    await expect(evaluate({ device, dataset: numbers, transform, step })).rejects.toThrow("expected an rng for a random transform");
    const empty = arrayDataset({ x: hostTensor(new Float32Array(0), [0]) });
    await expect(evaluate({ device, dataset: empty, step })).rejects.toThrow("got an empty one");
    const controller = new AbortController();
    const reason = new Error("enough");
    const stopped = evaluate({
      device,
      dataset: numbers,
      batchSize: 1,
      signal: controller.signal,
      step,
      onBatch: () => controller.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
  }));
