/** Spectral normalisation: a layer's weight divided by its largest singular value. Miyato et al. 2018, arXiv:1802.05957, algorithm 1. */

import {
  conv2d,
  convTranspose2d,
  embedding,
  type HostTensor,
  isReplaying,
  linear,
  OptionError,
  permuteHost,
  type Rng,
  ShapeError,
  stopGradient,
  type Tensor,
} from "@dl/core";
import { Buffer, Conv2d, ConvTranspose2d, Embedding, Linear, type Mode, Module } from "@dl/nn";

export interface SpectralNormOptions {
  /** Power iterations at each training step. Default 1. */
  iterations?: number;
  /** Against division by zero. Default 1e-12. */
  epsilon?: number;
  /** Draws the first guess of the singular vectors. */
  rng: Rng;
}

const wrapped = [Conv2d, ConvTranspose2d, Embedding, Linear] as const;

/** What it goes around. */
export type NormalizableLayer = Conv2d | ConvTranspose2d | Embedding | Linear;

/**
 * Puts itself around a layer: forward computes with weight ÷ σ(weight), where σ comes from power iteration, one step a forward pass
 * in training, and fifteen at first. An `Embedding` is the matrix `[count, size]` that one-hot rows are multiplied by. The weight that is trained and saved is the layer's own, as in PyTorch's `spectral_norm`.
 *
 * @example
 * const head = new SpectralNorm(new Linear({ inputs: 128, outputs: 1, rng: rng.fork("head") }), { rng: rng.fork("head norm") });
 */
export class SpectralNorm extends Module {
  readonly layer: NormalizableLayer;
  /** Left singular vector, over the output channels `[out]`, or the embedding's size. */
  readonly u: Buffer;
  /** Right singular vector, over all else. */
  readonly v: Buffer;
  readonly iterations: number;
  readonly epsilon: number;

  constructor(layer: NormalizableLayer, { iterations = 1, epsilon = 1e-12, rng }: SpectralNormOptions) {
    super();
    if (!wrapped.some((kind) => layer instanceof kind)) {
      const got = (layer as object | undefined)?.constructor?.name ?? typeof layer;
      throw new OptionError(
        `SpectralNorm: expected a Linear, Conv2d, ConvTranspose2d or Embedding layer, got ${got}. Wrap the layers, not the model.`,
      );
    }
    if (layer instanceof Conv2d && layer.options.activation !== undefined) {
      throw new OptionError("SpectralNorm: expected a convolution without an activation of its own, got one with relu. Apply it after.");
    }
    if (!Number.isInteger(iterations) || iterations < 1) {
      throw new OptionError(`SpectralNorm: expected a whole number of iterations ≥ 1, got ${iterations}.`);
    }
    this.layer = layer;
    const { shape, size } = layer.weight;
    const outputs = layer instanceof ConvTranspose2d ? shape[2]! : shape.at(-1)!;
    const guess = { u: rng.fork("u").normal([outputs]), v: rng.fork("v").normal([size / outputs]) };
    const weight = layer.weight.hostValue;
    // Output channels last, as in `#asMatrix`.
    const rows = weight && (layer instanceof ConvTranspose2d ? permuteHost(weight, [0, 1, 3, 2]) : weight);
    if (rows) iterateOnHost(rows.data, guess, epsilon);
    this.u = new Buffer(guess.u);
    this.v = new Buffer(guess.v);
    this.iterations = iterations;
    this.epsilon = epsilon;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const { layer } = this;
    const weight = this.normalized(mode);
    if (layer instanceof Embedding)
      return embedding(weight, x, layer.paddingIndex === undefined ? {} : { paddingIndex: layer.paddingIndex });
    const bias = layer.bias?.value;
    if (layer instanceof Linear) return linear(x, weight, { bias });
    if (layer instanceof Conv2d) return conv2d(x, weight, { ...layer.options, bias });
    return convTranspose2d(x, weight, { ...layer.options, bias });
  }

  /** The weight as `forward` uses it. In training, moves the singular vectors on. */
  normalized(mode: Mode): Tensor {
    const weight = this.layer.weight.value;
    if (weight.rank < 2) throw new ShapeError(`SpectralNorm: expected a matrix or more, got a weight [${weight.shape.join(", ")}].`);
    const matrix = this.#asMatrix(weight); // [rest, out]
    const fixed = stopGradient(matrix);
    let [u, v] = [this.u.value, this.v.value];
    // Replaying a checkpointed part must not move them a second time.
    if (mode.training && !isReplaying()) {
      for (let i = 0; i < this.iterations; i++) {
        v = this.#unit(fixed.matmul(u.expandDims(1)).squeeze([1])); // [rest]
        u = this.#unit(v.expandDims(0).matmul(fixed).squeeze([0])); // [out]
      }
      this.u.set(u);
      this.v.set(v);
    } else if (!mode.training) {
      // An average of weights averages these, too, and the mean of unit vectors is shorter than 1: σ would be too small.
      [u, v] = [this.#unit(u), this.#unit(v)];
    }
    // Gradients flow through σ by the weight, not by the vectors: equation 12.
    const sigma = v.expandDims(0).matmul(matrix).squeeze([0]).mul(u).sum();
    return weight.div(sigma);
  }

  /** Output channels last. */
  #asMatrix(weight: Tensor): Tensor {
    if (!(this.layer instanceof ConvTranspose2d)) return weight.reshape([-1, weight.shape.at(-1)!]);
    return weight.transpose([0, 1, 3, 2]).reshape([-1, weight.shape[2]!]);
  }

  #unit(x: Tensor): Tensor {
    return x.div(x.square().sum().sqrt().add(this.epsilon));
  }
}

/** As PyTorch begins. */
const firstIterations = 15;

/** Moves both vectors, in place, to where the largest singular value is. */
function iterateOnHost(rows: ArrayLike<number>, { u, v }: Readonly<Record<"u" | "v", HostTensor>>, epsilon: number): void {
  const outputs = u.data.length;
  const shorten = (data: HostTensor["data"]): void => {
    const length = Math.hypot(...data) + epsilon;
    for (let i = 0; i < data.length; i++) data[i] = data[i]! / length;
  };
  for (let iteration = 0; iteration < firstIterations; iteration++) {
    v.data.fill(0);
    for (let at = 0; at < rows.length; at++) v.data[Math.floor(at / outputs)]! += rows[at]! * u.data[at % outputs]!;
    shorten(v.data);
    u.data.fill(0);
    for (let at = 0; at < rows.length; at++) u.data[at % outputs]! += rows[at]! * v.data[Math.floor(at / outputs)]!;
    shorten(u.data);
  }
}
