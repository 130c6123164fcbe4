/** Multi-layer perceptrons whose widths, depth, activation and dropout are to be searched. */

import { gelu, type Rng, relu, tanh } from "@dl/core";
import { Dropout, type Layer, Linear, Sequential } from "@dl/nn";
import { choice } from "../space/choice.ts";
import { float } from "../space/range.ts";
import { record } from "../space/record.ts";
import { repeat } from "../space/repeat.ts";
import type { Space } from "../space/space.ts";

export interface MlpValue {
  readonly widths: readonly number[];
  readonly activation: "relu" | "gelu" | "tanh";
  readonly dropout: number;
}

/** @param options.depth  Fewest and most hidden layers. Default 1 to 4. */
export function mlpSpace({
  widths = [16, 32, 64, 128, 256],
  depth = [1, 4],
}: {
  widths?: readonly number[];
  depth?: readonly [number, number];
} = {}): Space<MlpValue> {
  return record<MlpValue>({
    widths: repeat(choice(widths), { times: depth }),
    activation: choice(["relu", "gelu", "tanh"]),
    dropout: float(0, 0.5),
  });
}

const activations = { relu, gelu, tanh } as const;

/** The network of a value: `[B, inputs]` → `[B, outputs]`. */
export function mlpNetwork({ widths, activation, dropout }: MlpValue, options: { inputs: number; outputs: number; rng: Rng }): Sequential {
  const { inputs, outputs, rng } = options;
  const hidden = widths.flatMap((width, i): Layer[] => [
    new Linear({ inputs: widths[i - 1] ?? inputs, outputs: width, rng: rng.fork(`layer ${i}`) }),
    activations[activation],
    new Dropout({ rate: dropout }),
  ]);
  return new Sequential([...hidden, new Linear({ inputs: widths.at(-1) ?? inputs, outputs, rng: rng.fork("head") })]);
}
