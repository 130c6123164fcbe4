/** What the page and the worker say to each other about a language model of characters. */

import type { JobContract } from "../../engine/protocol.ts";

export type ModelSize = "tiny" | "small" | "nano";

export interface WriteSettings {
  /** `own` is a pasted text. */
  readonly text: "shakespeare" | "own";
  readonly size: ModelSize;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Columns of LoRA's matrices; 0 trains the whole model. */
  readonly rank: number;
}

export interface WritePayload {
  readonly title: string;
  readonly text: string;
}

export type WriteEvent =
  | {
      readonly kind: "made";
      readonly parameters: number;
      readonly trained: number;
      readonly characters: string;
      readonly context: number;
      readonly dropped: number;
      readonly layers: number;
      readonly heads: number;
    }
  | { readonly kind: "step"; readonly step: number; readonly steps: number; readonly loss: number; readonly charactersPerSecond: number }
  | { readonly kind: "held"; readonly step: number; readonly loss: number }
  | { readonly kind: "sample"; readonly step: number; readonly text: string };

/** What the model thinks while it reads. */
export interface Reading {
  /** The text as it was read: the last characters that fit, without those it does not know. */
  readonly read: string;
  /** Of each layer `[heads, T, T]`: how much each character looks at those before. */
  readonly attentions: readonly Float32Array[];
  /** What comes next, the likeliest first. */
  readonly next: readonly { readonly character: string; readonly share: number }[];
}

export interface WriteContract extends JobContract {
  readonly settings: WriteSettings;
  readonly payload: WritePayload;
  readonly event: WriteEvent;
  readonly asks: {
    readonly write: {
      readonly question: {
        readonly prompt: string;
        readonly count: number;
        readonly temperature: number;
        readonly seed: number /** Without the adapter. */;
        readonly plain: boolean;
      };
      readonly answer: string;
    };
    readonly read: { readonly question: { readonly text: string }; readonly answer: Reading };
  };
}
