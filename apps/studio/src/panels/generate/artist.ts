/** Something that learns to draw: what the panel's job wants of two players and of a diffusion model alike. */

import type { Device, HostTensor, Rng } from "@dl/core";
import type { Dataset, Example, Transform } from "@dl/data";
import type { CommonOptions, Module, Optimizer, WeightAverage } from "@dl/nn";
import type { Callback, FitResult, FitSave } from "@dl/train";
import type { GenerateEvent, GenerateSettings } from "./contract.ts";

/** What one is made with. */
export interface ArtistContext {
  readonly device: Device;
  readonly settings: GenerateSettings;
  /** Pictures in [0, 1]. */
  readonly dataset: Dataset<Example<"images" | "labels">>;
  /** To the [−1, 1] that is drawn. */
  readonly transform: Transform<Example<"images" | "labels">>;
  readonly rng: Rng;
  readonly signal: AbortSignal;
  emit(event: GenerateEvent): void;
}

export interface Artist extends Disposable {
  /** What a checkpoint holds. */
  readonly model: Module;
  /** What draws: its state is the run's `model.safetensors`. */
  readonly generator: Module;
  readonly optimizer: Optimizer<CommonOptions>;
  /** Of the generator's weights. */
  readonly average: WeightAverage;
  readonly latentSize: number;
  /** Weights that judge; undefined where nothing does. */
  readonly criticParameters: number | undefined;
  readonly stepsPerEpoch: number;
  /** The recipe of `dl train` that is this run. */
  readonly recipe: string | undefined;
  /** Pictures `[N, 28, 28, 1]` in [−1, 1]; with time to spare the best it can. */
  draw(latents: HostTensor, options: { readonly isHurried: boolean }): Promise<HostTensor>;
  fit(options: { readonly callbacks: readonly Callback[]; readonly resume: FitSave | undefined }): Promise<FitResult>;
  /** What is to be read off pictures that it drew; where nothing is, its steps tell. */
  judge?(drawn: HostTensor): Promise<Readonly<Record<string, number>>>;
}
