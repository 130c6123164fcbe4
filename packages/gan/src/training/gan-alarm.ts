/** Watches a GAN for the ways in which it fails silently, and says what to try. Goodfellow 2016, arXiv:1701.00160, sections 4 and 5. */

import { OptionError } from "@dl/core";
import type { Callback, EpochRecord, Metrics, Run, StepRecord } from "@dl/train";

export type GanTrouble = "collapse" | "dead discriminator" | "vanishing generator";

export interface GanWarning {
  readonly trouble: GanTrouble;
  readonly step: number;
  /** What was seen, and what to try. */
  readonly message: string;
}

export interface GanAlarmOptions {
  /** Told once when a trouble begins, and again when it returned; a collapse once for its distances and once for its missing modes. */
  onWarning: (warning: GanWarning) => void;
  /** End the run at the first warning. Default false. */
  stops?: boolean;
  /** Steps that the averages look back over, and before which nothing is said: the first steps of any GAN look like trouble. Default 200. */
  window?: number;
  /** `nearest` or `diversity` below it is a collapse. Default 0.4. */
  leastDiversity?: number;
  /** A metric of `validate` that counts the modes found, such as `validation/modes`, and how many there are. Default none. */
  coverage?: { readonly metric: string; readonly modes: number };
}

const remedies: Readonly<Record<GanTrouble, string>> = {
  collapse:
    "Try R1 or, where no batch norm is in the discriminator, gradientPenalty, more discriminatorSteps, diffAugment or instanceNoise, a smaller learning rate for the generator, relativisticAverage, or an average of the generator's weights.",
  "dead discriminator":
    "Try a smaller learning rate for the discriminator, leaky activations instead of ReLU, spectral norm instead of weight clipping, and look whether real and generated data have one range.",
  "vanishing generator":
    "Try the non-saturating or hinge loss, realTarget 0.9, instanceNoise or diffAugment, R1, dropout in the discriminator, or fewer discriminatorSteps.",
};

/** What a trouble is seen by: each cause begins and ends for itself. */
type Cause = GanTrouble | "missing modes";

/** Keeps moving averages of what `fitGan` tells of each step; a callback for it. */
export class GanAlarm implements Callback {
  readonly name = "ganAlarm";
  readonly #options: Required<Omit<GanAlarmOptions, "coverage">> & Pick<GanAlarmOptions, "coverage">;
  #means: Record<string, number> = {};
  /** The step that told each last, counted as `#seen`: what moves at every fifth only is told then. */
  #told: Record<string, number> = {};
  #seen = 0;
  #active: Cause[] = [];

  constructor({ onWarning, stops = false, window = 200, leastDiversity = 0.4, coverage }: GanAlarmOptions) {
    if (!Number.isInteger(window) || window < 1) throw new OptionError(`GanAlarm: expected a whole window ≥ 1, got ${window}.`);
    if (!(leastDiversity > 0 && leastDiversity < 1)) {
      throw new OptionError(`GanAlarm: expected a leastDiversity between 0 and 1, got ${leastDiversity}.`);
    }
    this.#options = { onWarning, stops, window, leastDiversity, ...(coverage && { coverage }) };
  }

  onStep(run: Run, { step, metrics }: StepRecord): void {
    this.#take(metrics);
    const { window, leastDiversity } = this.#options;
    if (this.#seen < window) return;
    // Any may never have been told: with NaN in its place no comparison holds, and no trouble is seen.
    const mean = (name: string): number => this.#means[name] ?? Number.NaN;
    const [realScore, fakeScore] = [mean("realScore"), mean("fakeScore")];
    const right = Math.min(mean("realAccuracy"), mean("fakeAccuracy"));
    const generatorGradient = mean("generatorGradient");
    // Where real examples have copies beside them, one of the two has nothing to compare with.
    const alike = Math.min(this.#means.diversity ?? Number.POSITIVE_INFINITY, this.#means.nearest ?? Number.POSITIVE_INFINITY);
    this.#judge(run, "collapse", {
      step,
      isThere: alike < leastDiversity,
      seen: () => `distances among samples are ${percent(alike)} of those among real examples`,
    });
    const isBlind = Math.abs(realScore - fakeScore) < 1e-4 * (1 + Math.abs(realScore)) && mean("discriminatorGradient") < 1e-4;
    this.#judge(run, "dead discriminator", {
      step,
      isThere: isBlind,
      seen: () =>
        `the discriminator scores real and generated examples alike (${realScore.toPrecision(3)} and ${fakeScore.toPrecision(3)}), and has no gradient`,
    });
    this.#judge(run, "vanishing generator", {
      step,
      isThere: right > 0.99 && generatorGradient < 1e-2,
      seen: () =>
        `the discriminator is right on ${percent(right)} of all examples, and the generator's gradient is ${generatorGradient.toExponential(1)}`,
    });
  }

  onEpoch(run: Run, { step, metrics }: EpochRecord): void {
    const { coverage } = this.#options;
    if (!coverage) return;
    const found = metrics[coverage.metric];
    if (found === undefined) {
      throw new OptionError(`GanAlarm: expected a metric ${JSON.stringify(coverage.metric)}, got only ${Object.keys(metrics).join(", ")}.`);
    }
    if (this.#seen < this.#options.window) return;
    this.#judge(run, "collapse", {
      step,
      cause: "missing modes",
      isThere: found < coverage.modes,
      seen: () => `${found} of ${coverage.modes} modes are covered`,
    });
  }

  state(): unknown {
    return { means: { ...this.#means }, told: { ...this.#told }, seen: this.#seen, active: [...this.#active] };
  }

  restore(state: unknown): void {
    const { means, told, seen, active } = state as { means: Metrics; told?: Metrics; seen: number; active: Cause[] };
    this.#means = { ...means };
    this.#told = { ...told };
    this.#seen = seen;
    this.#active = [...active];
  }

  #take(metrics: Metrics): void {
    this.#seen++;
    // A plain mean at first, then one that forgets; a number stands for the steps since the one before.
    const steps = Math.min(this.#seen, this.#options.window);
    for (const [name, value] of Object.entries(metrics)) {
      const mean = this.#means[name];
      const share = Math.min(1, (this.#seen - (this.#told[name] ?? 0)) / steps);
      this.#means[name] = mean === undefined ? value : mean + share * (value - mean);
      this.#told[name] = this.#seen;
    }
  }

  #judge(
    run: Run,
    trouble: GanTrouble,
    { step, cause = trouble, isThere, seen }: { step: number; cause?: Cause; isThere: boolean; seen: () => string },
  ): void {
    const wasThere = this.#active.includes(cause);
    if (isThere === wasThere) return;
    this.#active = isThere ? [...this.#active, cause] : this.#active.filter((one) => one !== cause);
    if (!isThere) return;
    const message = `${trouble} at step ${step}: ${seen()}. ${remedies[trouble]}`;
    this.#options.onWarning({ trouble, step, message });
    if (this.#options.stops) run.stop(message);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
