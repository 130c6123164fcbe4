/** What the page and the worker say to each other about an image classifier. */

import type { LabelledBytes } from "../../data/shard-format.ts";
import type { JobContract } from "../../engine/protocol.ts";

export type NetworkName = "lenet" | "vgg" | "keras" | "layers";

/** What a run is: the same numbers make the same run on the same device. */
export interface ClassifySettings {
  /** `mnist`, `fashion`, `cifar`, or `folder` for the user's own images. */
  readonly set: string;
  readonly network: NetworkName;
  /** The network as words, when it is `layers`. */
  readonly layers: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Training images, the first of the set. */
  readonly count: number;
  readonly seed: number;
}

/** The images of a run. */
export interface ClassifyPayload {
  readonly title: string;
  readonly classNames: readonly string[];
  /** `[height, width, channels]` */
  readonly shape: readonly [number, number, number];
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
  readonly train: LabelledBytes;
  readonly test: LabelledBytes;
}

export interface LayerInfo {
  readonly path: string;
  readonly kind: string;
  readonly shape: readonly number[];
  readonly parameters: number;
}

export type ClassifyEvent =
  | {
      readonly kind: "made";
      readonly parameters: number;
      readonly layers: readonly LayerInfo[];
      readonly steps: number;
      readonly stepsPerEpoch: number;
      /** Steps done before, when the run goes on from files. */
      readonly step: number;
    }
  | { readonly kind: "step"; readonly step: number; readonly loss: number; readonly accuracy: number; readonly imagesPerSecond: number }
  | {
      readonly kind: "test";
      readonly step: number;
      readonly loss: number;
      readonly accuracy: number;
      /** Images measured: a part of them within an epoch. */
      readonly count: number;
      /** Counts, `[true class, predicted class]`. */
      readonly confusion: readonly number[];
      /** The class each image was taken for, and how surely. */
      readonly predicted: Uint8Array;
      readonly confidence: Float32Array;
    }
  | { readonly kind: "note"; readonly text: string };

/** What the network makes of one picture. */
export interface Look {
  readonly probabilities: Float32Array;
  /** Where the answer comes from: Grad-CAM, `[H, W]` from 0 up; undefined for a network without convolutions. */
  readonly heat: Float32Array | undefined;
  readonly maps: readonly FeatureMap[];
}

export interface FeatureMap {
  readonly path: string;
  /** `[height, width, channels]` */
  readonly shape: readonly [number, number, number];
  readonly data: Float32Array;
}

export interface ClassifyContract extends JobContract {
  readonly settings: ClassifySettings;
  readonly payload: ClassifyPayload;
  readonly event: ClassifyEvent;
  readonly asks: {
    /** An image in [0, 1], `H · W · C` numbers: how likely each class is. */
    readonly predict: { readonly question: { readonly image: Float32Array }; readonly answer: Float32Array };
    /** The same, and what the layers make of it. */
    readonly look: { readonly question: { readonly image: Float32Array; readonly target?: number }; readonly answer: Look };
  };
}
