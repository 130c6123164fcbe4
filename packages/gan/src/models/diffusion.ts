/** Denoising diffusion: noise is added step by step, and a network learns to take it away. Ho et al. 2020, arXiv:2006.11239 (DDPM); Song et al. 2021, arXiv:2010.02502 (DDIM); cosine schedule by Nichol and Dhariwal 2021, arXiv:2102.09672. */

import { type Device, type HostTensor, hostTensor, OptionError, type Rng, randomNormal, type Scalar, type Tensor, tensor } from "@dl/core";

/** Predicts the noise in images `[B, …]` at times `[B]` in [0, 1]. */
export type Denoiser = (images: Tensor, times: Tensor) => Tensor;

export interface DiffusionOptions {
  /** Steps from data to noise. Default 1000. */
  steps?: number;
  /** How much noise each adds. Default `cosine`. */
  schedule?: "linear" | "cosine";
}

/** The noise schedule, as shares of signal. */
export class Diffusion {
  readonly steps: number;
  /** ᾱ after step t: the share of the signal's variance that is left. */
  readonly signal: Float64Array;

  constructor({ steps = 1000, schedule = "cosine" }: DiffusionOptions = {}) {
    if (!Number.isInteger(steps) || steps < 2) throw new OptionError(`Diffusion: expected a whole number of steps ≥ 2, got ${steps}.`);
    if (schedule !== "linear" && schedule !== "cosine") {
      schedule satisfies never;
      throw new OptionError(`Diffusion: expected a schedule linear or cosine, got ${String(schedule)}.`);
    }
    this.steps = steps;
    this.signal = new Float64Array(steps);
    const level = (t: number): number => Math.cos((((t / steps + 0.008) / 1.008) * Math.PI) / 2) ** 2;
    let left = 1;
    for (let t = 0; t < steps; t++) {
      // Linear: from 10⁻⁴ to 0.02 over a thousand steps; over fewer, each adds as much more.
      const linear = (1000 / steps) * (1e-4 + ((0.02 - 1e-4) * t) / (steps - 1));
      const beta = schedule === "linear" ? linear : 1 - level(t + 1) / level(t);
      left *= 1 - Math.min(0.999, beta);
      this.signal[t] = left;
    }
  }

  /** The time a denoiser is told for step t. */
  timeOf(t: number): number {
    return t / (this.steps - 1);
  }

  /**
   * The training loss: the mean squared error of the noise predicted in images at random times. Ho et al., equation 14. Inside `compute`.
   *
   * @param images  `[B, …]` in [−1, 1]
   * @param options.rng  Drawn from: a second call has other times and other noise.
   */
  loss(denoise: Denoiser, images: Tensor, { rng }: { rng: Rng }): Scalar {
    const batch = images.shape[0]!;
    const times = Int32Array.from({ length: batch }, () => rng.integer(0, this.steps));
    const each = (value: (t: number) => number): HostTensor =>
      hostTensor(Float32Array.from(times, value), [batch, ...images.shape.slice(1).map(() => 1)]);
    const noise = randomNormal(images.shape, { rng });
    const noisy = images
      .mul(tensor(each((t) => Math.sqrt(this.signal[t]!))))
      .add(noise.mul(tensor(each((t) => Math.sqrt(1 - this.signal[t]!)))));
    const told = tensor(
      hostTensor(
        Float32Array.from(times, (t) => this.timeOf(t)),
        [batch],
      ),
    );
    return denoise(noisy, told).sub(noise).square().mean();
  }

  /** The times that a sampler of `count` steps visits, from noise to data. */
  path(count: number): number[] {
    if (!Number.isInteger(count) || count < 1 || count > this.steps) {
      throw new OptionError(`Diffusion.path: expected 1 to ${this.steps} sampling steps, got ${count}.`);
    }
    if (count === 1) return [this.steps - 1];
    return Array.from({ length: count }, (_, i) => Math.round(((count - 1 - i) * (this.steps - 1)) / (count - 1)));
  }

  /**
   * One step of a sampler, from time `t` to `next` (−1: the data). Song et al., equation 12; inside `compute`. The image it aims
   * at is held in [−1, 1].
   *
   * @param options.noise  `eta` times the DDPM's: 0 is DDIM, deterministic; 1 is DDPM, and needs `rng`.
   */
  step(denoise: Denoiser, images: Tensor, { t, next, eta = 0, rng }: { t: number; next: number; eta?: number; rng?: Rng }): Tensor {
    if (!(Number.isInteger(t) && t >= 0 && t < this.steps && Number.isInteger(next) && next < t)) {
      throw new OptionError(
        `Diffusion.step: expected whole times, t from 0 to ${this.steps - 1} and next below it, got ${t} and ${next}. \`path\` gives them.`,
      );
    }
    const [now, then] = [this.signal[t]!, next < 0 ? 1 : this.signal[next]!];
    const times = tensor(hostTensor(new Float32Array(images.shape[0]!).fill(this.timeOf(t)), [images.shape[0]!]));
    const noise = denoise(images, times);
    const aim = images
      .sub(noise.mul(Math.sqrt(1 - now)))
      .mul(1 / Math.sqrt(now))
      .clip(-1, 1);
    // The noise that fits the aim, which may have been clipped.
    const fitting = images.sub(aim.mul(Math.sqrt(now))).mul(1 / Math.sqrt(1 - now));
    const fresh = eta * Math.sqrt(((1 - then) / (1 - now)) * (1 - now / then));
    const mean = aim.mul(Math.sqrt(then)).add(fitting.mul(Math.sqrt(Math.max(0, 1 - then - fresh * fresh))));
    if (fresh === 0) return mean;
    if (!rng) throw new OptionError("Diffusion.step: expected an rng for eta above 0, got none.");
    return mean.add(randomNormal(images.shape, { rng, standardDeviation: fresh }));
  }

  /**
   * Images from noise: DDIM in `steps` steps, or, with `eta` 1 and all steps, DDPM. Each step is a `compute` of its own.
   *
   * @param noise  `[N, …]`, normal; equal noise gives equal images when `eta` is 0.
   */
  async sample(
    denoise: Denoiser,
    noise: HostTensor,
    { device, steps = 50, eta = 0, rng, signal }: { device: Device; steps?: number; eta?: number; rng?: Rng; signal?: AbortSignal },
  ): Promise<HostTensor> {
    const path = this.path(steps);
    let images = noise;
    for (const [i, t] of path.entries()) {
      signal?.throwIfAborted();
      const fork = rng?.fork(`step ${i}`);
      images = (await device.compute(() =>
        this.step(denoise, tensor(images), { t, next: path[i + 1] ?? -1, eta, ...(fork && { rng: fork }) }),
      )) as HostTensor;
    }
    return images;
  }
}
