/** The network of diffusion models, small: a U-Net that is told the time. Ronneberger et al. 2015, arXiv:1505.04597; Ho et al. 2020, arXiv:2006.11239, appendix B. */

import { concat, OptionError, type Rng, resize, ShapeError, silu, sin, type Tensor, tensor } from "@dl/core";
import { Conv2d, Embedding, GroupNorm, init, Linear, Module } from "@dl/nn";

export interface DiffusionUnetOptions {
  /** Height and width of the images, a multiple of 4. */
  imageSize: number;
  /** Of the images. */
  channels: number;
  /** Channels at full, half and quarter size; multiples of 8. Default [32, 64, 64]. */
  widths?: readonly [number, number, number];
  /** Classes it can be told. Default none. */
  classes?: number;
  rng: Rng;
}

/** 28×28 grey digits: 0.4 million weights. */
export const diffusionUnetMnist: Omit<DiffusionUnetOptions, "rng"> = { imageSize: 28, channels: 1, widths: [32, 64, 64] };

/** Group norm, SiLU, convolution, twice; the time's embedding is added between. */
class TimedBlock extends Module {
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly time: Linear;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly shortcut: Conv2d | undefined;

  constructor({ inputs, outputs, time, rng }: { inputs: number; outputs: number; time: number; rng: Rng }) {
    super();
    this.norm1 = new GroupNorm({ channels: inputs, groups: 8 });
    this.conv1 = new Conv2d({ inputs, outputs, kernelSize: 3, padding: 1, rng: rng.fork("conv1") });
    this.time = new Linear({ inputs: time, outputs, rng: rng.fork("time") });
    this.norm2 = new GroupNorm({ channels: outputs, groups: 8 });
    // Zero at first: every block begins as its shortcut. Ho et al., the authors' code.
    this.conv2 = new Conv2d({ inputs: outputs, outputs, kernelSize: 3, padding: 1, weightInit: init.zeros, rng: rng.fork("conv2") });
    this.shortcut = inputs === outputs ? undefined : new Conv2d({ inputs, outputs, kernelSize: 1, rng: rng.fork("shortcut") });
  }

  forward(x: Tensor, time: Tensor): Tensor {
    const shift = this.time.forward(time).expandDims(1).expandDims(1); // [B, 1, 1, outputs]
    let y = this.conv1.forward(silu(this.norm1.forward(x))).add(shift);
    y = this.conv2.forward(silu(this.norm2.forward(y)));
    return y.add(this.shortcut ? this.shortcut.forward(x) : x);
  }
}

/**
 * Noisy images `[B, S, S, channels]`, times `[B]` from 0 to 1 (float), and, with classes, labels `[B]` → the noise in them.
 *
 * @example
 * const network = new DiffusionUnet({ ...diffusionUnetMnist, rng });
 */
export class DiffusionUnet extends Module {
  readonly embedTime: Linear;
  readonly labels: Embedding | undefined;
  readonly enter: Conv2d;
  readonly down: readonly TimedBlock[];
  readonly halve: readonly Conv2d[];
  readonly middle: TimedBlock;
  readonly up: readonly TimedBlock[];
  readonly norm: GroupNorm;
  readonly leave: Conv2d;
  readonly imageShape: readonly [number, number, number];
  readonly frequencies: number;

  constructor({ imageSize, channels, widths = [32, 64, 64], classes, rng }: DiffusionUnetOptions) {
    super();
    if (!Number.isInteger(imageSize / 4) || widths.some((width) => width % 8 !== 0)) {
      throw new OptionError(
        `DiffusionUnet: expected an imageSize that is a multiple of 4 and widths of 8, got ${imageSize} and ${widths.join(", ")}.`,
      );
    }
    const [full, half, quarter] = widths;
    const time = 4 * full;
    const block = (label: string, inputs: number, outputs: number): TimedBlock =>
      new TimedBlock({ inputs, outputs, time, rng: rng.fork(label) });
    this.frequencies = full;
    this.embedTime = new Linear({ inputs: 2 * full, outputs: time, rng: rng.fork("time") });
    this.labels = classes === undefined ? undefined : new Embedding({ count: classes, size: time, rng: rng.fork("labels") });
    this.enter = new Conv2d({ inputs: channels, outputs: full, kernelSize: 3, padding: 1, rng: rng.fork("enter") });
    this.down = [block("down 0", full, full), block("down 1", half, half)];
    this.halve = [
      new Conv2d({ inputs: full, outputs: half, kernelSize: 3, stride: 2, padding: 1, rng: rng.fork("halve 0") }),
      new Conv2d({ inputs: half, outputs: quarter, kernelSize: 3, stride: 2, padding: 1, rng: rng.fork("halve 1") }),
    ];
    this.middle = block("middle", quarter, quarter);
    this.up = [block("up 1", quarter + half, half), block("up 0", half + full, full)];
    this.norm = new GroupNorm({ channels: full, groups: 8 });
    const silent = { weightInit: init.zeros, biasInit: init.zeros };
    this.leave = new Conv2d({ inputs: full, outputs: channels, kernelSize: 3, padding: 1, ...silent, rng: rng.fork("leave") });
    this.imageShape = [imageSize, imageSize, channels];
  }

  forward(images: Tensor, times: Tensor, labels?: Tensor): Tensor {
    if (images.rank !== 4 || images.shape.slice(1).join() !== this.imageShape.join()) {
      throw new ShapeError(`DiffusionUnet: expected images [B, ${this.imageShape.join(", ")}], got [${images.shape.join(", ")}].`);
    }
    if ((labels === undefined) !== (this.labels === undefined)) {
      throw new ShapeError(
        `DiffusionUnet: expected ${this.labels ? "labels [B]" : "no labels"}, as it was made, got ${labels ? "some" : "none"}.`,
      );
    }
    // Sines and cosines of the time, from one turn in all to a thousand. Vaswani et al. 2017, section 3.5.
    const turns = tensor(Float32Array.from({ length: this.frequencies }, (_, i) => 1000 ** (i / (this.frequencies - 1)))).cast(
      images.dtype,
    );
    const angles = times.expandDims(1).mul(turns); // [B, F]
    let time = silu(this.embedTime.forward(concat([sine(angles, 0), sine(angles, Math.PI / 2)], { axis: 1 })));
    if (this.labels) time = time.add(this.labels.forward(labels!));
    const [size] = this.imageShape;
    const first = this.down[0]!.forward(this.enter.forward(images), time); // [B, S, S, full]
    const second = this.down[1]!.forward(this.halve[0]!.forward(first), time); // [B, S / 2, S / 2, half]
    let x = this.middle.forward(this.halve[1]!.forward(second), time); // [B, S / 4, S / 4, quarter]
    x = this.up[0]!.forward(concat([enlarged(x, size / 2), second], { axis: 3 }), time);
    x = this.up[1]!.forward(concat([enlarged(x, size), first], { axis: 3 }), time);
    return this.leave.forward(silu(this.norm.forward(x)));
  }
}

function enlarged(x: Tensor, size: number): Tensor {
  return resize(x, { size: [size, size], mode: "nearest" });
}

function sine(angles: Tensor, phase: number): Tensor {
  return sin(angles.add(phase));
}
