/** An LSTM that says how a time series goes on, beside two guesses: as it was, and as it was a period ago. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { broadcastTo, type HostTensor, hostTensor, narrow, openDevice, Rng, squeeze, type Tensor } from "@dl/core";
import type { Dataset, Example } from "@dl/data";
import { AdamW, inference, Linear, Lstm, type Mode, Module, meanAbsoluteError, meanSquaredError, schedules } from "@dl/nn";
import { evaluate, fit, ShowProgress } from "@dl/train";
import { stderrTerminal } from "@dl/train/node";

const quick = process.argv.includes("--quick");
const options = {
  context: 48,
  horizon: 12,
  size: quick ? 24 : 64,
  hours: quick ? 3000 : 12_000,
  epochs: quick ? 5 : 20,
  learningRate: 1e-2,
  seed: 1,
};

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());

/** An hourly load: a day and a week go round, weather wanders, and every hour has noise. Mean 0, and deviation about 1. */
function load(rng: Rng, hours: number): Float32Array {
  const noise = rng.fork("noise").normal([hours], 0, 0.1).data;
  const gusts = rng.fork("weather").normal([hours], 0, 0.06).data;
  let weather = 0;
  return Float32Array.from({ length: hours }, (_, hour) => {
    weather = 0.98 * weather + gusts[hour]!;
    const day = Math.sin((2 * Math.PI * hour) / 24) + 0.4 * Math.sin((4 * Math.PI * hour) / 24 + 1);
    const week = hour % 168 < 120 ? 0.25 : -0.6;
    return day * (1 + 0.5 * week) + week + weather + noise[hour]!;
  });
}

/** Windows of `context` hours, each with the `horizon` hours after it. */
function windows(series: Float32Array): Dataset<Example<"past" | "future">> {
  const { context, horizon } = options;
  const part = (from: number, length: number): HostTensor => hostTensor(series.slice(from, from + length), [length, 1]);
  return {
    length: series.length - context - horizon + 1,
    get: (at) => ({ past: part(at, context), future: { ...part(at + context, horizon), shape: [horizon] } }),
  };
}

class Forecaster extends Module {
  readonly lstm: Lstm;
  readonly head: Linear;

  constructor({ size, horizon, rng }: { size: number; horizon: number; rng: Rng }) {
    super();
    this.lstm = new Lstm({ inputs: 1, size, rng: rng.fork("lstm") });
    this.head = new Linear({ inputs: size, outputs: horizon, rng: rng.fork("head") });
  }

  /** `[B, T, 1]` → the next hours `[B, horizon]`. */
  forward(past: Tensor, mode: Mode): Tensor {
    const last = (x: Tensor): Tensor => squeeze(narrow(x, 1, { start: x.shape[1]! - 1, size: 1 }), 1);
    const { output } = this.lstm.forward(past, mode); // [B, T, size]
    // How it changes is easier to say than what it is.
    return this.head.forward(last(output)).add(last(past));
  }
}

const series = load(rng.fork("series"), options.hours);
const split = Math.floor(0.8 * series.length);
const train = windows(series.subarray(0, split));
const test = windows(series.subarray(split));

using model = new Forecaster({ ...options, rng: rng.fork("init") });
const batchSize = 64;
const steps = options.epochs * Math.ceil(train.length / batchSize);
using optimizer = new AdamW(model.parameters(), { learningRate: schedules.oneCycle(options.learningRate, { steps }), weightDecay: 1e-3 });
await fit({
  ...{ device, model, optimizer, batchSize, epochs: options.epochs, dataset: train, rng: rng.fork("fit"), clipNorm: 1 },
  step: ({ past, future }, mode) => meanSquaredError(model.forward(past, mode), future),
  callbacks: [new ShowProgress({ terminal: stderrTerminal(), unit: "windows" })],
});

// The guesses need the hours before: the last one, and the same hours of the day before.
const { ours, still, daily } = await evaluate({
  ...{ device, dataset: test },
  step: ({ past, future }) => ({
    ours: meanAbsoluteError(model.forward(past, inference), future),
    still: meanAbsoluteError(broadcastTo(squeeze(narrow(past, 1, { start: options.context - 1, size: 1 }), 2), future.shape), future),
    daily: meanAbsoluteError(squeeze(narrow(past, 1, { start: options.context - 24, size: options.horizon }), 2), future),
  }),
});
console.log(`${test.length} windows, ${options.horizon} hours ahead`);
console.log(`mean absolute error ${ours.toFixed(4)}, of the last value ${still.toFixed(4)}, of the day before ${daily.toFixed(4)}`);
