/** A small GPT out of @dl/nn's layers, as nanoGPT lays it out: pre-norm blocks, no biases in the linear layers, tied embeddings. Radford et al. 2019. */

import { gelu, matmul, type Rng, range, type Tensor } from "@dl/core";
import { Embedding, type init, LayerNorm, Linear, type Mode, Module, MultiHeadAttention } from "@dl/nn";

export interface TinyGptOptions {
  layers: number;
  heads: number;
  width: number;
  /** Longest sequence. */
  context: number;
  /** Number of symbols. */
  vocabulary: number;
  rng: Rng;
}

class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attention: MultiHeadAttention;
  readonly norm2: LayerNorm;
  readonly up: Linear;
  readonly down: Linear;

  constructor({ heads, width, rng }: Pick<TinyGptOptions, "heads" | "width" | "rng">) {
    super();
    this.norm1 = new LayerNorm({ size: width });
    this.attention = new MultiHeadAttention({ size: width, heads, bias: false, rng: rng.fork("attention") });
    this.norm2 = new LayerNorm({ size: width });
    this.up = new Linear({ inputs: width, outputs: 4 * width, bias: false, rng: rng.fork("up") });
    this.down = new Linear({ inputs: 4 * width, outputs: width, bias: false, rng: rng.fork("down") });
  }

  /** `[B, T, width]` → `[B, T, width]`. */
  forward(x: Tensor, mode: Mode): Tensor {
    const attended = x.add(this.attention.forward(this.norm1.forward(x), mode, { causal: true }));
    return attended.add(this.down.forward(gelu(this.up.forward(this.norm2.forward(attended)))));
  }
}

/** Symbols `[B, T]` → logits `[B, T, vocabulary]`. */
export class TinyGpt extends Module {
  readonly symbols: Embedding;
  readonly positions: Embedding;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;

  constructor({ layers, heads, width, context, vocabulary, rng }: TinyGptOptions) {
    super();
    const weightInit: typeof init.normal = (shape, { rng }) => rng.normal(shape, 0, 0.02);
    this.symbols = new Embedding({ count: vocabulary, size: width, weightInit, rng: rng.fork("symbols") });
    this.positions = new Embedding({ count: context, size: width, weightInit, rng: rng.fork("positions") });
    this.blocks = Array.from({ length: layers }, (_, i) => new Block({ heads, width, rng: rng.fork(`block ${i}`) }));
    this.norm = new LayerNorm({ size: width });
  }

  forward(symbols: Tensor, mode: Mode): Tensor {
    // B batch, T time
    let x = this.symbols.forward(symbols).add(this.positions.forward(range(symbols.shape[1]!))); // [B, T, width]
    for (const block of this.blocks) x = block.forward(x, mode);
    // The embedding is the last layer too. Press and Wolf 2017, arXiv:1608.05859.
    return matmul(this.norm.forward(x), this.symbols.weight.value, { transposeB: true }); // [B, T, vocabulary]
  }
}
