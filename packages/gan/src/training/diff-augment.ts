/** Augmentation that gradients flow through, of real and generated images alike. Zhao et al. 2020, arXiv:2006.10738. Also the older way: noise on both (Sønderby et al. 2017, arXiv:1610.04490). */

import { gather, type HostTensor, hostTensor, OptionError, pad, type Rng, randomNormal, ShapeError, type Tensor, tensor } from "@dl/core";

export type AugmentationKind = "color" | "translation" | "cutout";

export interface DiffAugmentOptions {
  rng: Rng;
  /** In this order. Default all three. */
  kinds?: readonly AugmentationKind[];
}

/**
 * Brightness, saturation and contrast; a shift by up to an eighth of the image; a square of half its size cut out. Each image its own.
 *
 * @param images  `[B, H, W, C]` in [−1, 1]
 * @example
 * const augment: FitGanOptions<{ images: HostTensor }>["augment"] = (images, { rng }) => diffAugment(images, { rng, kinds: ["translation"] });
 */
export function diffAugment(images: Tensor, { rng, kinds = ["color", "translation", "cutout"] }: DiffAugmentOptions): Tensor {
  if (images.rank !== 4) throw new ShapeError(`diffAugment: expected images [B, H, W, C], got [${images.shape.join(", ")}].`);
  return kinds.reduce((x, kind) => {
    switch (kind) {
      case "color":
        return recolored(x, rng);
      case "translation":
        return shifted(x, rng);
      case "cutout":
        return x.mul(tensor(holes(x.shape, rng)));
      default:
        kind satisfies never;
        throw new OptionError(`diffAugment: expected kinds out of color, translation and cutout, got ${String(kind)}.`);
    }
  }, images);
}

/** Normal noise on every pixel; let `standardDeviation` fall along the run. */
export function instanceNoise(examples: Tensor, { rng, standardDeviation }: { rng: Rng; standardDeviation: number }): Tensor {
  if (!(standardDeviation >= 0)) throw new OptionError(`instanceNoise: expected a standardDeviation ≥ 0, got ${standardDeviation}.`);
  return standardDeviation === 0 ? examples : examples.add(randomNormal(examples.shape, { rng, standardDeviation }));
}

function recolored(images: Tensor, rng: Rng): Tensor {
  const each = (low: number, high: number): Tensor => tensor(rng.uniform([images.shape[0]!, 1, 1, 1], low, high));
  let x = images.add(each(-0.5, 0.5));
  const grey = x.mean(3, { keepDims: true });
  x = x.sub(grey).mul(each(0, 2)).add(grey);
  const level = x.mean([1, 2, 3], { keepDims: true });
  return x.sub(level).mul(each(0.5, 1.5)).add(level);
}

/** Rows of the padded images are picked by number: a gather, whose gradient adds up where they came from. */
function shifted(images: Tensor, rng: Rng): Tensor {
  const [batch, height, width, channels] = images.shape as readonly [number, number, number, number];
  const [down, across] = [Math.round(height / 8), Math.round(width / 8)];
  const framed = pad(images, [
    [0, 0],
    [down, down],
    [across, across],
    [0, 0],
  ]);
  const stride = width + 2 * across;
  const indices = new Int32Array(batch * height * width);
  for (let image = 0, at = 0; image < batch; image++) {
    const top = rng.integer(0, 2 * down + 1);
    const left = rng.integer(0, 2 * across + 1);
    for (let y = 0; y < height; y++) {
      const row = (image * (height + 2 * down) + top + y) * stride + left;
      for (let x = 0; x < width; x++) indices[at++] = row + x;
    }
  }
  return gather(framed.reshape([-1, channels]), tensor(hostTensor(indices, [indices.length])), { axis: 0 }).reshape(images.shape);
}

/** Ones, with a square of zeros of half the image's size, that may hang over the border. */
function holes([batch = 0, height = 0, width = 0]: readonly number[], rng: Rng): HostTensor {
  const mask = new Float32Array(batch * height * width).fill(1);
  // As theirs: half, rounded up.
  const [tall, wide] = [(height + 1) >> 1, (width + 1) >> 1];
  for (let image = 0; image < batch; image++) {
    // Of an odd side the middle is a pixel, of an even one a line between two.
    const top = rng.integer(0, height + 1 - (tall % 2)) - (tall >> 1);
    const left = rng.integer(0, width + 1 - (wide % 2)) - (wide >> 1);
    for (let y = Math.max(0, top); y < Math.min(height, top + tall); y++) {
      const row = (image * height + y) * width;
      mask.fill(0, row + Math.max(0, left), row + Math.min(width, left + wide));
    }
  }
  return hostTensor(mask, [batch, height, width, 1]);
}
