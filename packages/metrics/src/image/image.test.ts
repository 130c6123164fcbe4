import { readFileSync } from "node:fs";
import { fromNested, type HostTensor, hostTensor, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { Psnr } from "./psnr.ts";
import { Ssim } from "./ssim.ts";

interface ImageFixture {
  readonly shape: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly psnr: number;
  readonly ssim_uniform7: number;
  readonly ssim_gaussian: number;
}
const fixtures = JSON.parse(readFileSync(new URL("../../fixtures/image.json", import.meta.url), "utf8")) as ImageFixture[];
const of = (metric: Psnr | Ssim, images: HostTensor, references: HostTensor): number => {
  metric.update({ images, references });
  return metric.result();
};

describe.each(fixtures)("scikit-image, $shape", ({ shape, a, b, psnr, ssim_uniform7, ssim_gaussian }) => {
  const [references, images] = [a, b].map((pixels) => hostTensor(Uint8Array.from(pixels), shape)) as [HostTensor, HostTensor];
  test("PSNR", () => expect(of(new Psnr({ range: 255 }), images, references)).toBeCloseTo(psnr, 9));
  test("SSIM, uniform window", () =>
    expect(of(new Ssim({ range: 255, window: "uniform" }), images, references)).toBeCloseTo(ssim_uniform7, 9));
  // scikit-image reflects at the border and crops it off; the window it leaves is the same.
  test("SSIM, Gaussian window", () => expect(of(new Ssim({ range: 255 }), images, references)).toBeCloseTo(ssim_gaussian, 9));
});

const noise = (seed: number): HostTensor => new Rng(seed).uniform([2, 16, 16, 3]);

test("an image is like itself; both sides are alike; scaling pixels and range together changes nothing", () => {
  const [a, b] = [noise(1), noise(2)];
  expect(of(new Ssim({ range: 1 }), a, a)).toBeCloseTo(1, 12);
  expect(of(new Psnr({ range: 1 }), a, a)).toBe(Number.POSITIVE_INFINITY);
  expect(of(new Ssim({ range: 1 }), a, b)).toBeCloseTo(of(new Ssim({ range: 1 }), b, a), 12);
  const scaled = (image: HostTensor): HostTensor =>
    hostTensor(
      Float64Array.from(image.data, (x) => 255 * x),
      image.shape,
    );
  for (const Of of [Psnr, Ssim]) {
    expect(of(new Of({ range: 255 }), scaled(a), scaled(b))).toBeCloseTo(of(new Of({ range: 1 }), a, b), 9);
    expect(of(new Of({ range: 1 }), a, b)).toBeLessThan(30);
  }
});

test("parts merged are the whole, and a restored state goes on", () => {
  for (const Of of [Psnr, Ssim]) {
    const [one, two, resumed] = [new Of({ range: 1 }), new Of({ range: 1 }), new Of({ range: 1 })];
    const [first, second] = [of(one, noise(1), noise(2)), of(two, noise(3), noise(4))];
    (one as Psnr).merge(two as Psnr);
    expect(one.result()).toBeCloseTo((first + second) / 2, 12);
    resumed.restore(JSON.parse(JSON.stringify(one.state())));
    expect(resumed.result()).toBe(one.result());
  }
});

test("what does not fit is an error", () => {
  expect(() => new Psnr({ range: 0 })).toThrow("expected a range above 0 (255 for bytes, 1 for shares), got 0");
  expect(() => new Ssim({ range: 1, size: 4 })).toThrow("expected an odd size of at least 3, got 4");
  expect(() => of(new Ssim({ range: 1 }), fromNested([[[1]]]), fromNested([[[1]]]))).toThrow("expected images of at least 11×11, got 1×1");
  expect(() => of(new Psnr({ range: 1 }), fromNested([[1]]), fromNested([[1]]))).toThrow("expected images [H, W, C] or [N, H, W, C]");
  expect(() => of(new Psnr({ range: 1 }), fromNested([[[Number.NaN]]]), fromNested([[[1]]]))).toThrow(
    "expected finite pixels in images, got NaN",
  );
  expect(() => of(new Psnr({ range: 1 }), fromNested([[[1]]]), fromNested([[[1, 2]]]))).toThrow("Psnr.update");
});
