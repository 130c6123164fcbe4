/** What the page and the worker say to each other about what learns to draw: a generator with its critic, or a diffusion model. */

import type { LabelledBytes } from "../../data/shard-format.ts";
import type { JobContract } from "../../engine/protocol.ts";

export type GanMethod = "dcgan" | "wgan-gp" | "lsgan";
export type Method = GanMethod | "ddpm";

export interface GenerateSettings {
  readonly set: "mnist" | "fashion";
  readonly method: Method;
  /** `full` is what `dl train` trains; `small` has a fraction of its channels. */
  readonly size: "small" | "full";
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly count: number;
  readonly seed: number;
}

export interface GeneratePayload {
  readonly title: string;
  readonly train: LabelledBytes;
}

/** Pictures of one grid: the same latents all along. */
export const gridCount = 64;
/** Side of a picture in pixels. */
export const pictureSize = 28;

export type GenerateEvent =
  | {
      readonly kind: "made";
      readonly method: Method;
      /** Weights that draw, and that judge; undefined where nothing does. */
      readonly parameters: { readonly generator: number; readonly critic: number | undefined };
      readonly steps: number;
      readonly stepsPerEpoch: number;
    }
  | { readonly kind: "step"; readonly step: number; readonly metrics: Readonly<Record<string, number>>; readonly imagesPerSecond: number }
  | {
      readonly kind: "grid";
      readonly step: number;
      /** `gridCount` of them, a byte a pixel. */
      readonly pictures: Uint8Array;
      /** For gauges, where steps do not tell them. */
      readonly readings?: Readonly<Record<string, number>>;
    }
  | { readonly kind: "warning"; readonly text: string };

export interface GenerateContract extends JobContract {
  readonly settings: GenerateSettings;
  readonly payload: GeneratePayload;
  readonly event: GenerateEvent;
  readonly asks: {
    /** Pictures on the way from one latent to another. */
    readonly walk: {
      readonly question: { readonly from: number; readonly to: number; readonly steps: number };
      readonly answer: Uint8Array;
    };
  };
}
