import { DataError, type Device, hostTensor, mean, openDevice, Rng, type Tensor } from "@dl/core";
import { arrayDataset, streamOf } from "@dl/data";
import { crossEntropy, inference, Linear, Module, Parameter, readState, Sequential, Sgd } from "@dl/nn";
import { describe, expect, test } from "vitest";
import type { Callback, EpochRecord, StepRecord } from "./callback.ts";
import { NanStop } from "./callbacks/nan-stop.ts";
import { evaluate } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { pointsOf } from "./points-fixture.ts";
import { backends, onDevice, optionsOf, Subject } from "./run-fixture.ts";

const cpu = backends[0]!.open;

/** One weight w, and the loss mean((w − x)²). */
class Point extends Module {
  readonly weight: Parameter = new Parameter(hostTensor(Float32Array.of(0), []));
  forward(): void {}
}

describe.each(backends)("on $name", ({ open }) => {
  test("a tiny model learns: from about ln 2 to a third of it", async () => {
    await onDevice(open(), async (device) => {
      using subject = new Subject();
      const options = { ...optionsOf(subject, device), dataset: pointsOf(200), batchSize: 20, epochs: 4 };
      const { history, reason, steps } = await fit(options);
      expect(reason).toBe("finished");
      expect(steps).toBe(40);
      expect(history[0]!.metrics.loss).toBeGreaterThan(0.3);
      expect(history.at(-1)!.metrics["validation/loss"]).toBeLessThan(0.25);
      expect(history.at(-1)!.metrics["validation/accuracy"]).toBeGreaterThan(0.9);
    });
  });

  test("a batch in parts steps as the whole batch does", async () => {
    await onDevice(open(), async (device) => {
      const run = async (accumulate: number) => {
        const rng = new Rng(1);
        using model = new Sequential([new Linear({ inputs: 2, outputs: 2, rng })]);
        using optimizer = new Sgd(model.parameters(), { learningRate: 0.5, momentum: 0.9 });
        const { history } = await fit({
          device,
          model,
          optimizer,
          dataset: pointsOf(22),
          batchSize: 8,
          epochs: 2,
          rng,
          accumulate,
          clipNorm: 0.5,
          step: ({ inputs, labels }, mode) => crossEntropy(model.forward(inputs, mode), labels),
        });
        return { weights: [...(await readState(model)).values()].flatMap(({ data }) => [...data]), loss: history[1]!.metrics.loss! };
      };
      const whole = await run(1);
      // 3 divides neither 8 nor the last batch of 6 evenly; 50 is more than there are examples.
      for (const accumulate of [2, 3, 50]) {
        const parts = await run(accumulate);
        expect(parts.loss).toBeCloseTo(whole.loss, 5); // float32 sums in another order
        for (const [i, weight] of parts.weights.entries()) expect(weight).toBeCloseTo(whole.weights[i] as number, 5);
      }
    });
  });
});

/** Runs on the oracle. */
const withDevice = (work: (device: Device) => Promise<void>): Promise<void> => onDevice(cpu(), work);

test("means weigh batches by their examples; worked by hand", () =>
  withDevice(async (device) => {
    // The rate is 0, so w stays 0: batches [1, 1] and [4] have losses 1 and 16, the mean over examples is 6.
    using model = new Point();
    using optimizer = new Sgd(model.parameters(), { learningRate: 0 });
    const steps: StepRecord[] = [];
    const { history } = await fit({
      device,
      model,
      optimizer,
      dataset: arrayDataset({ x: hostTensor(Float32Array.of(1, 1, 1), [3]) }),
      transform: (batch, { indices }) => void (indices.length === 1 && batch.x.data.fill(4)),
      batchSize: 2,
      epochs: 1,
      rng: new Rng(0),
      step: ({ x }) => mean(model.weight.value.sub(x).square()),
      callbacks: [{ name: "spy", onStep: (_, record) => void steps.push(record) }],
    });
    expect(history[0]!.metrics).toEqual({ loss: 6 });
    expect(steps.map(({ metrics, means, batch, batchSize }) => [metrics.loss, means.loss, batch, batchSize])).toEqual([
      [1, 1, 1, 2],
      [16, 6, 2, 1],
    ]);
  }));

test("each callback sees each moment, in the order of the list, and pauses come after all have seen it", () =>
  withDevice(async (device) => {
    using subject = new Subject();
    const calls: string[] = [];
    const spy = (name: string): Callback => ({
      name,
      onStart: () => void calls.push(`${name} start`),
      onStep: (_, { step }) => void calls.push(`${name} step ${step}`),
      onEpoch: (_, { epoch }) => void calls.push(`${name} epoch ${epoch}`),
      onPause: (_, moment) => void calls.push(`${name} pause ${moment}`),
      onEnd: (_, { reason }) => void calls.push(`${name} ${reason}`),
    });
    await fit({ ...optionsOf(subject, device), batchSize: 22, epochs: 1, callbacks: [spy("a"), spy("b")] });
    const moments = ["start", "step 1", "pause step", "epoch 0", "pause epoch", "pause end", "finished"];
    expect(calls).toEqual(moments.flatMap((moment) => [`a ${moment}`, `b ${moment}`]));
  }));

test("the records of epochs: steps, learning rate, time, throughput", () =>
  withDevice(async (device) => {
    using subject = new Subject();
    const records: EpochRecord[] = [];
    const rates: number[] = [];
    const { history } = await fit({
      ...optionsOf(subject, device),
      callbacks: [
        {
          name: "spy",
          onStep: (_, { metrics }) => void rates.push(metrics.learningRate!),
          onEpoch: (_, record) => void records.push(record),
        },
      ],
    });
    expect(history).toEqual(records);
    expect(records.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 6],
      [1, 12],
      [2, 18],
    ]);
    expect(records.map(({ learningRate }) => learningRate)).toEqual([rates[5], rates[11], rates[17]]);
    expect(rates[0]).toBe(0.05);
    expect(rates[17]).toBeLessThan(rates[0]!);
    for (const { seconds, examplesPerSecond } of records) {
      expect(examplesPerSecond).toBeGreaterThanOrEqual(22 / seconds);
      expect(Number.isFinite(examplesPerSecond)).toBe(true);
    }
    expect(Object.keys(records[0]!.metrics)).toEqual(["loss", "accuracy", "validation/loss", "validation/accuracy"]);
  }));

describe("stopping", () => {
  test("by the signal: after the step at hand, and nothing at all when it was aborted before", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const controller = new AbortController();
      const stopAt4: Callback = { name: "abort", onStep: (_, { step }) => void (step === 4 && controller.abort()) };
      const options = { ...optionsOf(subject, device), signal: controller.signal, callbacks: [stopAt4] };
      expect(await fit(options)).toEqual({ history: [], reason: "stopped", steps: 4 });
      expect(await fit(options)).toEqual({ history: [], reason: "stopped", steps: 0 });
    }));

  test("by the signal between epochs and within validation; after the last epoch it changes nothing", () =>
    withDevice(async (device) => {
      for (const [moment, epochs, reason] of [
        ["epoch 0", 1, "stopped"],
        ["validation 1", 1, "stopped"],
        ["epoch 2", 3, "finished"],
      ] as const) {
        using subject = new Subject();
        const controller = new AbortController();
        const at = (now: string): void => void (now === moment && controller.abort());
        let validations = 0;
        const result = await fit({
          ...optionsOf(subject, device),
          signal: controller.signal,
          validate: async () => {
            at(`validation ${validations++}`);
            const { signal } = controller;
            return evaluate({ device, dataset: pointsOf(4), signal, step: (batch) => subject.step(batch, inference) });
          },
          callbacks: [{ name: "at", onEpoch: (_, { epoch }) => at(`epoch ${epoch}`) }],
        });
        expect(result).toMatchObject({ reason });
        expect(result.history, moment).toHaveLength(epochs);
      }
    }));

  test("by the first reason a callback gives", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const stop = (name: string, at: number): Callback => ({ name, onStep: (run, { step }) => void (step >= at && run.stop(name)) });
      const result = await fit({ ...optionsOf(subject, device), callbacks: [stop("late", 9), stop("early", 5), stop("second", 5)] });
      expect(result).toMatchObject({ reason: "early", steps: 5 });
    }));
});

describe("failures", () => {
  const failing = (part: "onStart" | "onStep" | "onEnd", name: string, message = `${name} ${part}`): Callback => ({
    name,
    [part]: () => {
      throw new Error(message);
    },
  });

  test("what was started is ended, whatever fails, and the first error is the one that is thrown", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const run = async (...callbacks: Callback[]) => {
        const ended: string[] = [];
        const spy = (name: string): Callback => ({ name, onEnd: (_, { reason }) => void ended.push(`${name}: ${reason}`) });
        const error = await fit({ ...optionsOf(subject, device), epochs: 1, callbacks: [spy("first"), ...callbacks, spy("last")] }).catch(
          ({ message }: Error) => message,
        );
        return { error, ended };
      };
      expect(await run(failing("onStart", "x"))).toEqual({ error: "x onStart", ended: ["first: failed"] });
      expect(await run(failing("onStep", "x"))).toEqual({ error: "x onStep", ended: ["first: failed", "last: failed"] });
      expect(await run(failing("onEnd", "x"))).toEqual({ error: "x onEnd", ended: ["first: finished", "last: finished"] });
      expect(await run(failing("onEnd", "x"), failing("onStep", "y"), failing("onEnd", "z"))).toEqual({
        error: "y onStep",
        ended: ["first: failed", "last: failed"],
      });
    }));

  test("a failed run pauses no more: a checkpoint of half a step would be worse than none", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const pauses: string[] = [];
      const spy: Callback = { name: "spy", onPause: (_, moment) => void pauses.push(moment) };
      const validate = (): never => {
        throw new Error("no validation");
      };
      await expect(fit({ ...optionsOf(subject, device), validate, callbacks: [spy] })).rejects.toThrow("no validation");
      expect(pauses).toEqual(Array(6).fill("step"));
    }));

  test("bad options are named before anything starts", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const options = optionsOf(subject, device);
      const started: string[] = [];
      const spy: Callback = { name: "spy", onStart: () => void started.push("") };
      for (const [change, message] of [
        [{ dataset: streamOf(pointsOf(22)) as never }, "expected a dataset, which has a length, got none: a stream?"],
        [{ epochs: 1.5 }, "expected a whole number of epochs ≥ 0, got 1.5"],
        [{ clipNorm: -1 }, "expected a clipNorm above 0, got -1"],
        [{ accumulate: 0 }, "expected a whole accumulate ≥ 1, got 0"],
        [{ batchSize: 0 }, "expected a whole batchSize of at least 1, got 0"],
        [{ batchSize: 100, dropLast: true }, "dropLast leaves out the only one (22 examples, batchSize 100)"],
        [{ callbacks: [spy, spy] }, "expected callbacks of different names, got spy, spy"],
        [{ dataset: pointsOf(0) }, "expected a dataset with at least one example, got an empty one"],
      ] as const) {
        await expect(fit({ ...options, callbacks: [spy], ...change })).rejects.toThrow(message);
      }
      expect(started).toEqual([]);
    }));

  test("what a step tells beside its loss is a number: a tensor would be a mean of NaN", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const options = optionsOf(subject, device);
      const withLogits: typeof options.step = (batch, mode) => ({ ...subject.step(batch, mode), logits: batch.inputs as never });
      await expect(fit({ ...options, step: withLogits })).rejects.toThrow(/fit: expected scalars from step, got logits \[4, 2\]/);
    }));

  test("a label that is no class is named with its example, before the model sees it", () =>
    withDevice(async (device) => {
      using subject = new Subject();
      const { inputs } = pointsOf(22).columns as { inputs: ReturnType<typeof hostTensor> };
      const labels = hostTensor(new Int32Array(22), [22]);
      const unchecked = { ...arrayDataset({ inputs, labels }), classNames: ["below", "above"] };
      labels.data[17] = 2;
      const before = await subject.bits();
      const options = { ...optionsOf(subject, device), dataset: unchecked, batchSize: 22 };
      const message = "checkLabels: expected labels from 0 to 1 (2 classes), got 2 in example 17.";
      await expect(fit(options)).rejects.toThrow(message);
      await expect(fit(options)).rejects.toThrow(DataError);
      await expect(evaluate({ device, dataset: unchecked, step: (batch) => subject.step(batch, inference) })).rejects.toThrow(message);
      expect(await subject.bits()).toEqual(before);
    }));

  test("NaN ends the run by a reason that fits: fed with it, or come to it", () =>
    withDevice(async (device) => {
      const run = async (rate: number, inputs: number) => {
        using model = new Point();
        using optimizer = new Sgd(model.parameters(), { learningRate: rate });
        const dataset = arrayDataset({ x: hostTensor(Float32Array.of(inputs), [1]) });
        const step = ({ x }: { x: Tensor }) => mean(model.weight.value.sub(x).square());
        const options = { device, model, optimizer, dataset, batchSize: 1, epochs: 99, rng: new Rng(0), step };
        return (await fit({ ...options, callbacks: [new NanStop()] })).reason;
      };
      expect(await run(0.1, Number.NaN)).toMatch(/^loss is NaN at step 1: look for NaN in the inputs, and for labels/);
      expect(await run(1e9, 1)).toMatch(/^loss is (Infinity|NaN) at step \d+: try a smaller learning rate, or clipNorm$/);
    }));
});

test("nothing is left on the device after a run with everything, nor after one that failed", async () => {
  await using device = await openDevice(cpu());
  for (const fails of [false, true]) {
    using subject = new Subject();
    const late: Callback = {
      name: "late",
      onStep: (_, { step }) => {
        if (fails && step === 5) throw new Error("late");
      },
    };
    const run = fit({ ...optionsOf(subject, device), batchSize: 5, dropLast: true, accumulate: 2, clipNorm: 1, callbacks: [late] });
    await (fails ? expect(run).rejects.toThrow("late") : run);
  }
  expect(device.memory().buffers).toBe(0);
});
