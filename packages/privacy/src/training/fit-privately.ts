/** `fit` with DP-SGD's steps: the same callbacks and checkpoints, and an account of the privacy spent. */

import { CheckpointError, type Rng } from "@dl/core";
import { type ArrayDataset, arrayDataset, type Example, type ExampleOf } from "@dl/data";
import { type Callback, EpochLoop, type FitResult, type FitSave, type FitState, type Metrics } from "@dl/train";
import { type PrivateSteps, RdpAccountant } from "../accounting/rdp-accountant.ts";
import { type PrivateStepOptions, PrivateStepper } from "./private-step.ts";

export interface FitPrivatelyOptions<E extends Example> extends PrivateStepOptions<E> {
  /** So many times the steps in which an example is seen once on average, those before `resume` included. */
  epochs: number;
  /** ε is told at this δ, commonly below 1 ÷ examples. */
  delta: number;
  /** Draws samples and noise, and feeds augmentation and dropout. */
  rng: Rng;
  /** Called after each epoch; what it gives is logged under `validation/…`. On public data: choosing a model by private data costs budget. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /**
   * From `resumeFrom` of @dl/train/node: the run goes on with the same bits. Its steps stay in the account as they were taken, whatever the noise and the
   * batch size are from here on.
   */
  resume?: FitSave;
}

export interface FitPrivatelyResult extends FitResult {
  /** Every step the model has seen, those before `resume` included. */
  readonly accountant: RdpAccountant;
  /** At `delta`. */
  readonly epsilon: number;
}

/**
 * Trains with differential privacy. The metrics `loss` and `clipped` are of private data, without noise; `epsilon` is what is spent so far.
 *
 * @throws OptionError for bad options, or a model whose examples do not stay apart; CheckpointError for a `resume` of another run, or
 * one without the account of its steps.
 * @example
 * const { epsilon } = await fitPrivately({
 *   device, model, optimizer, dataset, batchSize: 512, epochs: 10, maxNorm: 1, noiseMultiplier: 1.1, delta: 1e-5, rng: rng.fork("fit"),
 *   losses: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels, { reduction: "none" }),
 * });
 */
export async function fitPrivately<E extends Example>(options: FitPrivatelyOptions<E>): Promise<FitPrivatelyResult> {
  using run = new PrivateRun(options);
  const result = await run.toEnd();
  return { ...result, accountant: run.accountant, epsilon: run.accountant.epsilon(options.delta) };
}

/** What the loop passes over: places, as many as examples are seen, so that an epoch has its steps. Who is in a step is drawn by the step. */
type Places = ArrayDataset<"place">;

/** As many batches as samples are due in an epoch. A sample's expected size need not be whole, a batch's must. */
function placesOf({ dataset, batchSize }: { dataset: { readonly length: number }; batchSize: number }): {
  dataset: Places;
  reading: { batchSize: number };
} {
  const whole = Math.max(1, Math.round(batchSize));
  const count = Math.ceil(dataset.length / batchSize) * whole;
  return {
    dataset: arrayDataset({ place: { shape: [count], dtype: "int32", data: new Int32Array(count) } }),
    reading: { batchSize: whole },
  };
}

/** Under which a checkpoint keeps the account. */
const accountName = "privacy account";

class PrivateRun<E extends Example> extends EpochLoop<ExampleOf<Places>> implements Disposable {
  readonly accountant: RdpAccountant;
  readonly #options: FitPrivatelyOptions<E>;
  readonly #stepper: PrivateStepper<E>;

  constructor(options: FitPrivatelyOptions<E>) {
    const { delta, resume, callbacks = [] } = options;
    const stepper = new PrivateStepper(options);
    const accountant = new RdpAccountant();
    const account: Callback = { name: accountName, state: () => [...accountant.history] };
    super({ ...options, name: "fitPrivately", ...placesOf(options), callbacks: [...callbacks, account] });
    this.accountant = accountant;
    this.#options = options;
    this.#stepper = stepper;
    // Before the training, not after it: bad numbers would be found at its end.
    this.#account(0);
    this.accountant.epsilon(delta);
    if (!resume) return;
    this.resumeFrom(resume);
    for (const steps of accountOf(resume.state)) accountant.add(steps);
  }

  protected async trainOn(): Promise<Metrics> {
    const { loss, clipped, examples } = await this.#stepper.step(this.#options.rng.fork(`step ${this.step}`));
    this.#account(1);
    // An empty sample has no loss.
    return examples === 0 ? {} : { loss, clipped };
  }

  protected override tellEpoch(): Metrics {
    return { epsilon: this.accountant.epsilon(this.#options.delta) };
  }

  #account(steps: number): void {
    const { noiseMultiplier, batchSize, dataset } = this.#options;
    this.accountant.add({ noiseMultiplier, sampleRate: batchSize / dataset.length, steps });
  }

  [Symbol.dispose](): void {
    this.#stepper[Symbol.dispose]();
  }
}

/** The steps that a saved run had taken, each by the noise and the sample it was taken with. */
function accountOf({ callbacks, step }: FitState): readonly PrivateSteps[] {
  const saved = callbacks[accountName] ?? [];
  const steps = isAccount(saved) ? saved.reduce((sum, { steps }) => sum + steps, 0) : Number.NaN;
  if (steps === step) return saved as readonly PrivateSteps[];
  throw new CheckpointError(
    `fitPrivately: expected the account of the ${step} steps of the run to resume, got one of ${steps}. Without it nobody knows what they spent: start a new run, without resume.`,
  );
}

function isAccount(saved: unknown): saved is readonly PrivateSteps[] {
  const isEntry = (entry: Partial<PrivateSteps> | null): boolean =>
    [entry?.noiseMultiplier, entry?.sampleRate, entry?.steps].every(Number.isFinite);
  return Array.isArray(saved) && saved.every(isEntry);
}
