/** The learning-rate range test: raise the rate step by step and watch the loss. Smith 2015, arXiv:1506.01186, section 3.3. */

import { OptionError } from "@dl/core";
import type { Example } from "@dl/data";
import { type CommonOptions, type Optimizer, readState, type Schedule } from "@dl/nn";
import type { Callback, Run, StepRecord } from "./callback.ts";
import { type FitOptions, fit } from "./fit.ts";
import { putBack } from "./read-weights.ts";

export interface FindLearningRateOptions<E extends Example>
  extends Pick<FitOptions<E>, "device" | "model" | "dataset" | "batchSize" | "step" | "rng" | "transform" | "clipNorm" | "signal"> {
  /** Makes the optimizer under test; it is freed at the end. */
  optimizer: (learningRate: Schedule) => Optimizer<CommonOptions>;
  /** Rate of the first step. Default 10⁻⁶. */
  from?: number;
  /** Rate of the last step. Default 10. */
  to?: number;
  /** Steps, evenly spaced in the logarithm of the rate. Default 100. */
  steps?: number;
}

/** One step of the test. */
export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
  /** The loss averaged over the steps before. */
  readonly smoothed: number;
}

export interface FoundLearningRate {
  /** Up to where the loss exploded, or to the last step. */
  readonly curve: readonly LearningRatePoint[];
  /** Where the smoothed loss falls fastest, a good rate to begin with; null when it never falls. */
  readonly suggestion: number | null;
}

/** The test is over when the smoothed loss is above its lowest by so many times that one's size: at 4 times it, where losses are above 0. */
const explosion = 3;
/** Share of the smoothed loss that stays from step to step. */
const inertia = 0.9;

/**
 * Trains for some steps with a rising rate; the model is as before when it is done.
 *
 * @example
 * const { suggestion, curve } = await findLearningRate({
 *   device, model, dataset, batchSize: 64, rng, step,
 *   optimizer: (learningRate) => new AdamW(model.parameters(), { learningRate }),
 * });
 */
export async function findLearningRate<E extends Example>({
  optimizer: make,
  from = 1e-6,
  to = 10,
  steps = 100,
  ...options
}: FindLearningRateOptions<E>): Promise<FoundLearningRate> {
  if (!(from > 0 && from < to && to < Infinity)) throw new OptionError(`findLearningRate: expected 0 < from < to, got ${from} and ${to}.`);
  if (!Number.isInteger(steps) || steps < 3) throw new OptionError(`findLearningRate: expected a whole number of steps ≥ 3, got ${steps}.`);
  const before = await readState(options.model);
  const schedule: Schedule = (step) => from * (to / from) ** (step / (steps - 1));
  const sweep = new Sweep({ schedule, steps });
  using optimizer = make(schedule);
  if (optimizer.groups.every(({ options: { learningRate } }) => typeof learningRate === "number")) {
    throw new OptionError(
      "findLearningRate: expected an optimizer that uses the learningRate it is given, got one with a rate of its own.",
    );
  }
  try {
    // As many epochs as steps are always enough: the sweep ends the run.
    await fit({ ...options, optimizer, epochs: steps, callbacks: [sweep] });
  } finally {
    putBack(options.model, before);
  }
  return { curve: sweep.curve, suggestion: steepestFall(sweep.curve) };
}

/** Notes the curve, and ends the run when the loss explodes. */
class Sweep implements Callback {
  readonly name = "sweep";
  readonly curve: LearningRatePoint[] = [];
  readonly #schedule: Schedule;
  readonly #steps: number;
  #average = 0;
  #lowest = Infinity;

  constructor({ schedule, steps }: { schedule: Schedule; steps: number }) {
    this.#schedule = schedule;
    this.#steps = steps;
  }

  onStep(run: Run, { step, metrics }: StepRecord): void {
    const { loss } = metrics as { loss: number };
    this.#average = inertia * this.#average + (1 - inertia) * loss;
    // The average starts at 0; without that start it would weigh 1 − inertiaⁿ. Kingma and Ba 2015, section 3.
    const smoothed = this.#average / (1 - inertia ** step);
    if (!Number.isFinite(smoothed)) {
      run.stop("the loss is no number");
      return;
    }
    this.curve.push({ learningRate: this.#schedule(step - 1), loss, smoothed });
    this.#lowest = Math.min(this.#lowest, smoothed);
    if (smoothed - this.#lowest > explosion * Math.abs(this.#lowest)) run.stop("the loss has exploded");
    if (step === this.#steps) run.stop("the sweep is done");
  }
}

/** The rate with the most negative d(smoothed loss)/d(ln rate), by central differences. */
function steepestFall(curve: readonly LearningRatePoint[]): number | null {
  // A fall within rounding is none.
  let steepest = -1e-6 * Math.abs(curve[0]?.smoothed ?? 0);
  let found: number | null = null;
  for (let i = 1; i + 1 < curve.length; i++) {
    const [before, after] = [curve[i - 1]!, curve[i + 1]!];
    const slope = (after.smoothed - before.smoothed) / Math.log(after.learningRate / before.learningRate);
    if (slope >= steepest) continue;
    steepest = slope;
    found = curve[i]!.learningRate;
  }
  return found;
}
