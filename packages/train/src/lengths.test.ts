import { hostTensor, mean, Rng } from "@dl/core";
import { type Collate, type Example, lengthOrder, padFields } from "@dl/data";
import { inference } from "@dl/nn";
import { expect, test } from "vitest";
import type { Callback, FitSave } from "./callback.ts";
import { evaluate } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { backends, onDevice, Subject } from "./run-fixture.ts";

/** Rows of 1 to 6 points each, all of one class. */
const lengths = Array.from({ length: 24 }, (_, i) => 1 + (i % 6));
const dataset = {
  length: lengths.length,
  get: (index: number) => ({
    inputs: hostTensor(new Float32Array(2 * lengths[index]!).fill(index), [lengths[index]!, 2]),
    labels: hostTensor(Int32Array.of(index), []),
  }),
};
const collate: Collate<Example<"inputs" | "labels">> = padFields({ inputs: -1 });

test("examples of different lengths are read by length, filled up, and gone on with after a stop", () =>
  onDevice(backends[0]!.open(), async (device) => {
    const run = async (subject: Subject, { stopAt, resume }: { stopAt?: number; resume?: FitSave | undefined } = {}) => {
      const shapes: number[] = [];
      const seen: number[] = [];
      let saved: FitSave | undefined;
      const stop: Callback = {
        name: "stop",
        async onPause(run) {
          if (run.step !== stopAt) return;
          saved = await run.save();
          run.stop("enough");
        },
      };
      await fit({
        ...{
          device,
          model: subject.model,
          optimizer: subject.optimizer,
          dataset,
          collate,
          order: lengthOrder(lengths, { batchesPerBucket: 6 }),
        },
        ...{ batchSize: 4, epochs: 1, rng: new Rng(3), callbacks: [stop], ...(resume && { resume }) },
        transform: (batch, { indices }) => {
          shapes.push(batch.inputs.shape[1]!);
          seen.push(...indices);
        },
        step: ({ inputs }) => mean(subject.model.forward(inputs.reshape([-1, 2]), inference)),
      });
      return { shapes, seen, saved, bits: await subject.bits() };
    };
    using subject = new Subject();
    using other = new Subject();
    const whole = await run(subject);
    // 24 rows in one bucket: four of each length, so that no batch needs filling.
    expect([...whole.shapes].sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...whole.seen].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    const first = await run(other, { stopAt: 2 });
    const rest = await run(other, { resume: first.saved });
    expect([...first.seen, ...rest.seen]).toEqual(whole.seen);
    expect(rest.bits).toEqual(whole.bits);
  }));

test("evaluate fills up, too", () =>
  onDevice(backends[0]!.open(), async (device) => {
    const shapes: number[][] = [];
    const { value } = await evaluate({
      ...{ device, dataset, collate, batchSize: 5 },
      step: ({ inputs }) => ({ value: mean(inputs).mul(0), inputs }),
      onBatch: ({ inputs }) => shapes.push([...inputs.shape]),
    });
    expect(shapes[0]).toEqual([5, 5, 2]);
    expect(value).toBe(0);
  }));
