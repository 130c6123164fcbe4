/** An input that excites a unit most, found by climbing its gradient. Erhan et al. 2009; jitter and decay, Mordvintsev et al. 2015, Yosinski et al. 2015. */

import {
  add,
  clip,
  type Device,
  grad,
  type HostTensor,
  mean,
  mul,
  OptionError,
  pad,
  type Rng,
  type Scalar,
  slice,
  sqrt,
  square,
  type Tensor,
  tensor,
} from "@dl/core";

export interface ActivationMaximisationOptions {
  readonly device: Device;
  /** What to maximise: a class's score, the mean of a channel. Takes `[1, H, W, C]`. */
  readonly objective: (image: Tensor) => Scalar;
  /** `[H, W, C]` */
  readonly shape: readonly [number, number, number];
  readonly rng: Rng;
  /** Default 200. */
  readonly steps?: number;
  /** Root mean square of a step, in the image's units. Default 0.05. */
  readonly stepSize?: number;
  /** Share of the image that fades with each step. Default 0.005. */
  readonly decay?: number;
  /** The image is shifted by up to this many pixels before each step. Default 2. */
  readonly jitter?: number;
  /** Lowest and highest value of a pixel. Default −2 and 2, for normalised images. */
  readonly range?: readonly [low: number, high: number];
}

export interface ActivationMaximum {
  /** `[H, W, C]` */
  readonly image: HostTensor;
  /** The objective at each step, before it is taken. */
  readonly objectives: readonly number[];
}

/** Starts from faint noise; gradients are scaled to `stepSize`, so it climbs however flat the objective. */
export async function activationMaximisation(options: ActivationMaximisationOptions): Promise<ActivationMaximum> {
  const { device, objective, shape, rng, steps = 200, stepSize = 0.05, decay = 0.005, jitter = 2, range = [-2, 2] } = options;
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`activationMaximisation: expected at least 1 step, got ${steps}.`);
  if (!(range[1] > range[0])) throw new OptionError(`activationMaximisation: expected low < high in range, got ${range.join(" and ")}.`);
  if (!Number.isInteger(jitter) || jitter < 0)
    throw new OptionError(`activationMaximisation: expected a whole jitter of at least 0, got ${jitter}.`);
  if (!(stepSize > 0 && stepSize < Infinity))
    throw new OptionError(`activationMaximisation: expected a stepSize above 0, got ${stepSize}.`);
  if (!(decay >= 0 && decay <= 1)) throw new OptionError(`activationMaximisation: expected a decay from 0 to 1, got ${decay}.`);
  let image = rng.normal([1, ...shape], 0, 0.01);
  const objectives: number[] = [];
  for (let step = 0; step < steps; step++) {
    const [down, right] = [rng.integer(0, 2 * jitter + 1), rng.integer(0, 2 * jitter + 1)];
    const { value, next } = (await device.compute(() => {
      const present = tensor(image);
      let value: Scalar | undefined;
      const shifted = (x: Tensor): Tensor => {
        const border = [jitter, jitter] as const;
        return slice(pad(x, [[0, 0], border, border, [0, 0]]), [0, down, right, 0], { sizes: [1, ...shape] });
      };
      const [gradient] = grad(() => (value = objective(jitter === 0 ? present : shifted(present))), [present]);
      const size = add(sqrt(mean(square(gradient!))), 1e-12);
      const climbed = add(mul(present, 1 - decay), mul(gradient!.div(size), stepSize));
      return { value: value!, next: clip(climbed, range[0], range[1]) };
    })) as unknown as { value: number; next: HostTensor };
    objectives.push(value);
    image = next;
  }
  return { image: { ...image, shape }, objectives };
}
