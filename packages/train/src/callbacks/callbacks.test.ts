import { hostTensor, mean, Rng } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { inference, Linear, Plateau, readState, Sequential, Sgd } from "@dl/nn";
import { describe, expect, test } from "vitest";
import type { Callback } from "../callback.ts";
import type { FitResult } from "../epoch-loop.ts";
import { fit } from "../fit.ts";
import { backends, onDevice } from "../run-fixture.ts";
import { EarlyStopping, type EarlyStoppingOptions } from "./early-stopping.ts";
import { ReduceOnPlateau } from "./reduce-on-plateau.ts";
import { ShowProgress } from "./show-progress.ts";

/** A run of one step an epoch, whose validation gives `scores`; the weight is 1, 2, 3, … after each epoch. */
async function scored(
  scores: readonly number[],
  { learningRate = () => 1, callbacks }: { learningRate?: () => number; callbacks: Callback[] },
) {
  let result: FitResult | undefined;
  let weight: number | undefined;
  await onDevice(backends[0]!.open(), async (device) => {
    using model = new Sequential([new Linear({ inputs: 1, outputs: 1, bias: false, rng: new Rng(0) })]);
    model.parameters()[0]!.load(hostTensor(Float32Array.of(0), [1, 1]));
    using optimizer = new Sgd(model.parameters(), { learningRate });
    let epoch = 0;
    result = await fit({
      device,
      model,
      optimizer,
      dataset: arrayDataset({ x: hostTensor(Float32Array.of(-1), [1, 1]) }),
      batchSize: 1,
      epochs: scores.length,
      rng: new Rng(0),
      step: ({ x }) => mean(model.forward(x, inference)), // −w: each step of rate 1 adds 1
      validate: async () => ({ score: scores[epoch++]! }),
      callbacks,
    });
    weight = (await readState(model)).get("layers.0.weight")!.data[0] as number;
  });
  return { ...result!, weight: weight! };
}

describe("early stopping", () => {
  const stop = async (scores: readonly number[], options: EarlyStoppingOptions) => {
    const { history, reason, weight } = await scored(scores, {
      callbacks: [new EarlyStopping({ monitor: "validation/score", ...options })],
    });
    return [history.length, weight, reason];
  };

  test("waits `patience` epochs, as Keras does, and gives the best weights back", async () => {
    const reason = "validation/score has not improved since epoch 2";
    expect(await stop([5, 3, 4, 3, 2], { patience: 2 })).toEqual([4, 2, reason]);
    expect(await stop([5, 3, 4, 3, 2], { patience: 1 })).toEqual([3, 2, reason]);
    expect(await stop([5, 3, 4, 3, 2], { patience: 0 })).toEqual([3, 2, reason]);
    expect(await stop([5, 3, 4, 3, 2], { patience: 3 })).toEqual([5, 5, "finished"]);
    expect(await stop([1, 3, 2, 2], { patience: 2, mode: "max" })).toEqual([4, 2, reason]);
  });

  test("counts only what is better by more than minDelta, and can leave the last weights", async () => {
    const reason = "validation/score has not improved since epoch 1";
    expect(await stop([5, 4.5, 4.25], { patience: 2, minDelta: 0.75, restoreBest: false })).toEqual([3, 3, reason]);
  });

  test("never takes NaN for the best", async () => {
    expect(await stop([Number.NaN, 3, Number.NaN, 2, 4, 4], { patience: 2 })).toEqual([
      6,
      4,
      "validation/score has not improved since epoch 4",
    ]);
    expect(await stop([Number.NaN, Number.NaN], { patience: 2 })).toEqual([2, 2, "validation/score has never been a number"]);
  });

  test("names the metrics there are when its own is missing, and a bad patience", async () => {
    await expect(scored([1], { callbacks: [new EarlyStopping()] })).rejects.toThrow(
      'EarlyStopping: expected a metric "validation/loss", got only loss, validation/score.',
    );
    expect(() => new EarlyStopping({ patience: -1 })).toThrow("expected a whole patience ≥ 0, got -1");
    expect(() => new EarlyStopping({ mode: "minimum" as "min" })).toThrow('EarlyStopping: expected min or max, got "minimum"');
    expect(() => new EarlyStopping({ minDelta: Number.NaN })).toThrow("expected a minDelta ≥ 0, got NaN");
  });

  test("used for another run, such as the next fold, it begins anew", async () => {
    const callbacks = [new EarlyStopping({ monitor: "validation/score", patience: 1 })];
    const reason = "validation/score has not improved since epoch 1";
    expect(await scored([1, 2, 3], { callbacks })).toMatchObject({ steps: 2, weight: 1, reason });
    expect(await scored([9, 8, 7], { callbacks })).toMatchObject({ steps: 3, weight: 3, reason: "finished" });
  });
});

describe("reduce on plateau", () => {
  test("lowers the rate of the next epochs", async () => {
    const plateau = new Plateau({ initial: 1, factor: 0.5, patience: 0 });
    const { history, weight } = await scored([5, 4, 4, 4], {
      learningRate: plateau.schedule,
      callbacks: [new ReduceOnPlateau({ plateau, monitor: "validation/score" })],
    });
    expect(history.map(({ learningRate }) => learningRate)).toEqual([1, 1, 1, 0.5]);
    expect(weight).toBe(3.5);
    expect(plateau.state.value).toBe(0.25);
  });

  test("names the metrics there are when its own is missing", async () => {
    const plateau = new Plateau({ initial: 1 });
    await expect(scored([1], { callbacks: [new ReduceOnPlateau({ plateau })] })).rejects.toThrow(
      'ReduceOnPlateau: expected a metric "validation/loss", got only loss, validation/score.',
    );
  });
});

test("progress is a line an epoch where nothing can be rewritten, with validation under it", async () => {
  let shown = "";
  const terminal = { columns: 80, rewrites: false, colors: false, unicode: false, write: (text: string) => void (shown += text) };
  await scored([0.25, 0.5], { callbacks: [new ShowProgress({ terminal, unit: "images" })] });
  expect(shown).toMatch(/epoch 1\/2.+1\/1.+\n.*validation score 0\.2500 {2}\(0:00\)\nepoch 2\/2/s);
});
