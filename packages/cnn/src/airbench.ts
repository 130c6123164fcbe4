/** The network that learns CIFAR-10 to 94 % in ten epochs. Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv:2404.00498, appendix A. */

import { flatten, gelu, type HostTensor, hostTensor, maxPool2d, OptionError, type Rng, type Shape, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, init, Linear, type Mode, Module, type Parameter } from "@dl/nn";
import { type TorchPlace, torchField } from "./torch-state.ts";
import { whiteningFilters } from "./whitening.ts";

export interface AirbenchOptions {
  /** Height and width of the images, which are square; at least 25, so that the three pools leave 3×3 for the last. */
  imageSize: number;
  channels: number;
  classes: number;
  /** Channels of the three blocks. */
  widths: readonly [number, number, number];
  /** Side of the whitened patches. Default 2. */
  whiteningSize?: number;
  /** Logits are multiplied by it. Default 1/9. */
  logitScale?: number;
  rng: Rng;
}

/** 32×32 colour images, 10 classes: 94 % in 9.9 epochs, 0.36 PFLOP. */
export const airbench94: Omit<AirbenchOptions, "rng"> = { imageSize: 32, channels: 3, classes: 10, widths: [64, 256, 256] };

/** The identity for as many channels as come in; the rest at random. Section 3.3. */
function partialIdentity(shape: Shape, { rng }: { rng: Rng }): HostTensor {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const weight = init.fanInUniform(shape, { rng }).data as Float32Array;
  const centre = Math.floor(height / 2) * width + Math.floor(width / 2);
  for (let tap = 0; tap < height * width; tap++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < Math.min(inputs, outputs); o++) weight[(tap * inputs + i) * outputs + o] = tap === centre && i === o ? 1 : 0;
    }
  }
  return hostTensor(weight, shape);
}

/** Two convolutions, a pool after the first: `[B, H, W, inputs]` → `[B, H / 2, W / 2, outputs]`. */
class AirbenchBlock extends Module {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm;

  constructor({ inputs, outputs, rng }: { inputs: number; outputs: number; rng: Rng }) {
    super();
    const convolution = { outputs, kernelSize: 3, padding: 1, bias: false, weightInit: partialIdentity } as const;
    // So much of each batch: ten epochs are too few for the usual tenth.
    const norm = { channels: outputs, momentum: 0.4, epsilon: 1e-12 };
    this.conv1 = new Conv2d({ inputs, ...convolution, rng: rng.fork("conv1") });
    this.norm1 = new BatchNorm(norm);
    this.conv2 = new Conv2d({ inputs: outputs, ...convolution, rng: rng.fork("conv2") });
    this.norm2 = new BatchNorm(norm);
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const y = maxPool2d(this.conv1.forward(x), { kernelSize: 2 }); // [B, H / 2, W / 2, outputs]
    const z = this.conv2.forward(gelu(this.norm1.forward(y, mode)));
    return gelu(this.norm2.forward(z, mode));
  }
}

/**
 * Images `[B, S, S, channels]` → logits `[B, classes]`. Call `whiten` before training.
 *
 * @throws OptionError when the image is too small for the pools.
 * @example
 * const model = new Airbench({ ...airbench94, rng: rng.fork("init") });
 */
export class Airbench extends Module {
  /** Fixed by `whiten`; its bias is trained in the first epochs. */
  readonly whitening: Conv2d;
  readonly blocks: readonly AirbenchBlock[];
  readonly head: Linear;
  readonly logitScale: number;

  constructor({ imageSize, channels, classes, widths, whiteningSize = 2, logitScale = 1 / 9, rng }: AirbenchOptions) {
    super();
    const last = widths.reduce((side) => Math.floor(side / 2), imageSize - whiteningSize + 1);
    if (!Number.isInteger(imageSize) || last < 3 || last >= 6) {
      throw new OptionError(
        `Airbench: expected a whole imageSize of ${24 + whiteningSize - 1} to ${47 + whiteningSize - 1}, got ${imageSize}. Resize the images.`,
      );
    }
    const patch = whiteningSize ** 2 * channels;
    this.whitening = new Conv2d({
      inputs: channels,
      outputs: 2 * patch,
      kernelSize: whiteningSize,
      biasInit: init.zeros,
      rng: rng.fork("whitening"),
    });
    this.blocks = widths.map((outputs, i) => {
      const inputs = i === 0 ? 2 * patch : widths[i - 1]!;
      return new AirbenchBlock({ inputs, outputs, rng: rng.fork(`block${i + 1}`) });
    });
    this.head = new Linear({ inputs: widths[2], outputs: classes, bias: false, rng: rng.fork("head") });
    this.logitScale = logitScale;
  }

  /** Sets the first layer to the whitening filters of these images, `[N, S, S, channels]`, normalised as the model will see them; 5,000 are enough. */
  whiten(images: HostTensor): void {
    this.whitening.weight.load(whiteningFilters(images, { kernelSize: this.whitening.weight.shape[0]! }));
  }

  /** What training changes, as the paper has it: not the whitening filters, and not the gains of the norms. */
  trained(): { readonly whiteningBias: Parameter; readonly normBiases: readonly Parameter[]; readonly weights: readonly Parameter[] } {
    return {
      whiteningBias: this.whitening.bias!,
      normBiases: this.blocks.flatMap(({ norm1, norm2 }) => [norm1.bias, norm2.bias]),
      weights: [...this.blocks.flatMap(({ conv1, conv2 }) => [conv1.weight, conv2.weight]), this.head.weight],
    };
  }

  /** What the head sees: `[B, widths[2]]`. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = gelu(this.whitening.forward(images)); // [B, 31, 31, 24]
    for (const block of this.blocks) x = block.forward(x, mode); // [B, 15, 15, 64], [B, 7, 7, 256], [B, 3, 3, 256]
    return flatten(maxPool2d(x, { kernelSize: 3 })); // [B, 256]
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)).mul(this.logitScale); // [B, classes]
  }

  /** The names of the published code, a `Sequential`: `0.weight`, `2.conv1.weight`, `7.weight`. */
  torchPlace(path: string): TorchPlace {
    const field = torchField(path.slice(path.lastIndexOf(".") + 1));
    if (path.startsWith("whitening.")) return { name: `0.${field}` };
    // After the blocks: a pool and the flattening.
    if (path.startsWith("head.")) return { name: `${this.blocks.length + 4}.${field}` };
    const [, block, layer] = path.split(".");
    return { name: `${Number(block) + 2}.${layer}.${field}` };
  }
}
