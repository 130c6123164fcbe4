/** A block whose norms stand before attention and feed-forward: ViT's, and CLIP's two. Dosovitskiy et al. 2020, arXiv:2010.11929, equations 2 and 3. */

import { OptionError, type Rng, type Tensor } from "@dl/core";
import { LayerNorm, type Linear, type Mode, Module } from "@dl/nn";
import { type ActivationName, activations } from "./activation.ts";
import { attendHeads, splitHeads } from "./attention-heads.ts";
import { dropIn } from "./drop-in.ts";
import { type ForwardOptions, runBlock, type Trace } from "./forward-pass.ts";
import { normalLinear } from "./normal-layers.ts";

export interface PreNormBlockOptions {
  readonly size: number;
  readonly heads: number;
  readonly hidden: number;
  readonly activation: ActivationName;
  readonly epsilon: number;
  readonly deviation: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  /** Biases of queries, keys and values. */
  readonly attentionBias: boolean;
}

export interface PreNormPass {
  readonly mode: Mode;
  readonly mask?: Tensor | undefined;
  readonly causal?: boolean;
  readonly trace: Trace;
}

export class PreNormBlock extends Module {
  readonly attentionNorm: LayerNorm;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly feedForwardNorm: LayerNorm;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly settings: PreNormBlockOptions;

  constructor(settings: PreNormBlockOptions, rng: Rng) {
    super();
    const { size, heads, hidden, epsilon, deviation, attentionBias } = settings;
    if (size % heads !== 0) throw new OptionError(`PreNormBlock: expected heads that divide size ${size}, got ${heads}.`);
    const layer = (name: string, [inputs, outputs]: [number, number], bias = true): Linear =>
      normalLinear({ inputs, outputs, bias, deviation, rng: rng.fork(name) });
    this.attentionNorm = new LayerNorm({ size, epsilon });
    this.query = layer("query", [size, size], attentionBias);
    this.key = layer("key", [size, size], attentionBias);
    this.value = layer("value", [size, size], attentionBias);
    this.output = layer("output", [size, size]);
    this.feedForwardNorm = new LayerNorm({ size, epsilon });
    this.expand = layer("expand", [size, hidden]);
    this.contract = layer("contract", [hidden, size]);
    this.settings = settings;
  }

  /** `[B, T, C]` → `[B, T, C]` */
  forward(x: Tensor, { mode, mask, causal, trace }: PreNormPass): Tensor {
    const { heads, activation, dropout: rate, attentionDropout: dropout } = this.settings;
    const normed = this.attentionNorm.forward(x);
    const [query, key, value] = [this.query, this.key, this.value].map((layer) => splitHeads(layer.forward(normed), heads)) as [
      Tensor,
      Tensor,
      Tensor,
    ]; // [B, H, T, D] each
    const attended = attendHeads(query, { key, value }, { mode, mask, causal, dropout, weights: trace.attentions });
    const y = x.add(dropIn(this.output.forward(attended), { mode, rate }));
    const inner = activations[activation](this.expand.forward(this.feedForwardNorm.forward(y)));
    return y.add(dropIn(this.contract.forward(inner), { mode, rate }));
  }
}

/** What the blocks make of `x`, one after the other; a trace gets `x` and what each of them gives. */
export function runPreNormBlocks(
  blocks: readonly PreNormBlock[],
  x: Tensor,
  pass: Omit<PreNormPass, "trace">,
  options: Pick<ForwardOptions, "trace" | "recompute">,
): Tensor {
  const { trace = {} } = options;
  trace.hiddenStates?.push(x);
  let hidden = x;
  for (const block of blocks) {
    const input = hidden;
    hidden = runBlock(() => block.forward(input, { ...pass, trace }), options);
    trace.hiddenStates?.push(hidden);
  }
  return hidden;
}
