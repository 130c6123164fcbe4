import { cpu } from "@dl/backend-cpu";
import { fromNested, type HostTensor, hostTensor, openDevice, Rng, type Tensor } from "@dl/core";
import { kernelDistance } from "@dl/metrics";
import { describe, expect, test } from "vitest";
import { decode, type Encoded, readFixture } from "../reference-fixture.ts";
import { type ExtractedFeatures, extractFeatures, type FeatureExtractor, networkExtractor } from "./feature-extractor.ts";
import { FeatureNetwork, featureNetworkMnist } from "./feature-network.ts";
import type { Estimate } from "./image-scores.ts";
import { modeCoverage } from "./mode-coverage.ts";
import { scoreGenerated } from "./score-generated.ts";

interface GenerativeFixture {
  readonly features: readonly [{ readonly a: Encoded; readonly b: Encoded; readonly frechet: number; readonly kid_unbiased_poly3: number }];
  readonly inception: { readonly probs: readonly (readonly number[])[]; readonly single_split: number };
}

const uniform = (count: number, classes: number): HostTensor =>
  hostTensor(new Float32Array(count * classes).fill(1 / classes), [count, classes]);
const seen = (features: HostTensor, probabilities = uniform(features.shape[0]!, 3)): ExtractedFeatures => ({
  extractor: "test",
  features,
  probabilities,
});

describe("scores", () => {
  test("Fréchet distance, kernel distance and Inception Score are the references'", async () => {
    const { features, inception } = readFixture<GenerativeFixture>("generative.json");
    const [{ a, b, frechet, kid_unbiased_poly3 }] = features;
    const [real, generated] = [decode(a), decode(b)];
    const scores = await scoreGenerated({ real: seen(real), generated: seen(generated), otherReal: seen(real), rng: new Rng(1) });
    expect(Math.abs(scores.frechet.value / frechet - 1)).toBeLessThan(1e-5);
    expect(kernelDistance({ real, generated }).mean).toBeCloseTo(kid_unbiased_poly3, 6);
    expect(scores.kernel.value).toBeCloseTo(kid_unbiased_poly3, 6);
    const probabilities = fromNested(inception.probs as number[][]);
    const rows = probabilities.shape[0]!;
    const rest = await scoreGenerated({
      real: seen(new Rng(2).normal([rows, 3])),
      generated: seen(new Rng(3).normal([rows, 3]), probabilities),
      rng: new Rng(1),
    });
    expect(rest.inceptionScore.value).toBeCloseTo(inception.single_split, 5);
  });

  test("a generator as good as the data is at the floor; a shifted one is far above, where the formula says", async () => {
    const normal = (seed: number, shift = 0) => seen(new Rng(seed).normal([3000, 4], shift));
    const options = { real: normal(1), otherReal: normal(2), rng: new Rng(9), pairs: 400 };
    const good = await scoreGenerated({ ...options, generated: normal(3) });
    expect(good.ratio).toBeLessThan(4);
    expect(good.ratio).toBe(good.frechet.value / good.floor.frechet.value);
    expect(good.floor.count).toBe(3000);
    expect(good.floor.frechet.value).toBeLessThan(0.05);
    expect(good.frechet.low).toBeLessThanOrEqual(good.frechet.value);
    expect(good.frechet.high).toBeLessThan(0.1);
    expect(Math.min(good.precision.value, good.recall.value)).toBeGreaterThan(0.7);
    expect(Math.abs(good.kernel.value)).toBeLessThan(0.1);
    const bad = await scoreGenerated({ ...options, generated: normal(3, 5) });
    expect(bad.frechet.value).toBeCloseTo(4 * 25, -0.5);
    expect(bad.frechet.low).toBeGreaterThan(good.frechet.high!);
    expect(Math.max(bad.precision.value, bad.recall.value)).toBe(0);
    expect(bad.kernel.low).toBeGreaterThan(good.kernel.high!);
  });

  test("a collapsed generator: precise, without recall", async () => {
    const real = seen(new Rng(1).normal([1000, 2]));
    const few = new Rng(2).normal([1000, 2], 0, 0.05);
    const scores = await scoreGenerated({ real, generated: seen(few), rng: new Rng(3) });
    expect(scores.precision.value).toBeGreaterThan(0.95);
    expect(scores.recall.value).toBeLessThan(0.1);
    // Real images among themselves do not look collapsed.
    expect(scores.floor.recall.low).toBeGreaterThan(scores.recall.high!);
  });

  test("the floor of two halves is compared with as many generated images: for a perfect generator the ratio is about 1", async () => {
    const normal = (seed: number, count: number) => seen(new Rng(seed).normal([count, 8]));
    // Few images, so that a distance over half of them is about twice as large.
    const runs = Array.from({ length: 12 }, async (_, i) => {
      const options = { bootstraps: 10, pairs: 10, rng: new Rng(40 + i) };
      const { ratio, floor, frechet } = await scoreGenerated({ real: normal(i, 80), generated: normal(20 + i, 80), ...options });
      expect(floor.count).toBe(40);
      return { ratio, flattering: frechet.value / floor.frechet.value };
    });
    const ratios = await Promise.all(runs);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(ratios.map(({ ratio }) => ratio))).toBeGreaterThan(0.85);
    expect(mean(ratios.map(({ ratio }) => ratio))).toBeLessThan(1.15);
    expect(mean(ratios.map(({ flattering }) => flattering))).toBeLessThan(0.7);
    // Fewer generated images than there are real ones: the floor's are cut to as many.
    const few = await scoreGenerated({
      real: normal(1, 80),
      otherReal: normal(2, 80),
      generated: normal(3, 30),
      rng: new Rng(1),
      pairs: 20,
    });
    expect([few.floor.count, few.generatedCount]).toEqual([30, 30]);
  });

  test("every score has an interval: as wide as the score moves from sample to sample, and narrower with more of them", async () => {
    const draw = (seed: number, count: number): ExtractedFeatures => {
      const rng = new Rng(seed);
      // A sure classifier of two classes that finds a third of the images in the first.
      const probabilities = new Float32Array(2 * count);
      for (let row = 0; row < count; row++) probabilities.set(rng.integer(0, 3) === 0 ? [0.9, 0.1] : [0.2, 0.8], 2 * row);
      return seen(rng.normal([count, 2], seed < 100 ? 0 : 0.5), hostTensor(probabilities, [count, 2]));
    };
    const scored = (seed: number, count: number) =>
      scoreGenerated({
        real: draw(seed, count),
        otherReal: draw(50 + seed, count),
        generated: draw(100 + seed, count),
        rng: new Rng(seed),
      });
    const names = ["frechet", "kernel", "inceptionScore", "precision", "recall", "confidence"] as const;
    const many = await Promise.all(Array.from({ length: 8 }, (_, seed) => scored(seed, 60)));
    const more = await scored(1, 360);
    const width = ({ low, high }: Estimate): number => high! - low!;
    for (const name of names) {
      const values = many.map((scores) => scores[name].value);
      const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
      const error = many.reduce((sum, scores) => sum + width(scores[name]) / 3.92 / many.length, 0);
      // Eight samples know their own deviation to a quarter.
      expect(error / deviation, name).toBeGreaterThan(0.4);
      expect(error / deviation, name).toBeLessThan(2.5);
      expect(width(more[name]), name).toBeLessThan(width(many[1]![name]));
      for (const { low, value, high } of [many[0]![name], many[0]!.floor[name]]) {
        expect(low, name).toBeLessThanOrEqual(value);
        expect(high, name).toBeGreaterThanOrEqual(value);
      }
    }
    expect(more.classesCovered).toEqual({ value: 2, low: 2, high: 2 });
    expect(more.bootstraps).toBe(30);
    await expect(scoreGenerated({ real: draw(1, 50), generated: draw(2, 50), rng: new Rng(1), bootstraps: 2 })).rejects.toThrow(
      "scoreGenerated: expected a whole number of bootstraps ≥ 10, or 0 for no intervals, got 2.",
    );
  });

  test("without a bootstrap the same numbers come without intervals", async () => {
    const draw = (seed: number): ExtractedFeatures => seen(new Rng(seed).normal([60, 4]));
    const options = { real: draw(1), otherReal: draw(2), generated: draw(3), rng: new Rng(1) };
    const [bare, sure] = [await scoreGenerated({ ...options, bootstraps: 0 }), await scoreGenerated(options)];
    expect([bare.bootstraps, bare.ratio]).toEqual([0, sure.ratio]);
    for (const name of ["kernel", "inceptionScore", "frechet", "precision", "recall", "classesCovered", "confidence"] as const) {
      // The kernel distance with a bootstrap adds up in another order.
      expect(bare[name].value, name).toBeCloseTo(sure[name].value, 12);
      expect(bare[name], name).toEqual({ value: bare[name].value, low: undefined, high: undefined });
      expect(bare.floor[name].low, name).toBeUndefined();
    }
  });

  test("timers go on between resamplings, and a signal ends the work", async () => {
    const draw = (seed: number): ExtractedFeatures => seen(new Rng(seed).normal([80, 64]));
    const controller = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks === 2) controller.abort();
    }, 1);
    try {
      // Seconds of work, were it not ended.
      const options = { real: draw(1), otherReal: draw(2), generated: draw(3), rng: new Rng(1), bootstraps: 3000, pairs: 10 };
      await expect(scoreGenerated({ ...options, signal: controller.signal })).rejects.toThrow("aborted");
      expect(ticks).toBe(2);
    } finally {
      clearInterval(timer);
    }
  });

  test("too few images are an error with the number needed; so are two extractors", async () => {
    const rows = (count: number) => seen(new Rng(1).normal([count, 8]));
    await expect(
      scoreGenerated({ real: rows(100), generated: new Rng(1).normal([64, 8, 8, 1]) as never, rng: new Rng(1) }),
    ).rejects.toThrow("scoreGenerated: expected generated as extractFeatures gives it");
    await expect(scoreGenerated({ real: rows(100), generated: rows(8), rng: new Rng(1) })).rejects.toThrow(
      "scoreGenerated: expected at least 9 generated images for a Fréchet distance over 8 features, got 8. 10,000 are usual",
    );
    // Without other real images, the floor needs two halves.
    await expect(scoreGenerated({ real: rows(17), generated: rows(20), rng: new Rng(1) })).rejects.toThrow(
      "expected at least 18 real images",
    );
    await expect(scoreGenerated({ real: rows(20), generated: { ...rows(20), extractor: "other" }, rng: new Rng(1) })).rejects.toThrow(
      "expected generated features by test, got other",
    );
  });
});

describe("coverage", () => {
  test("by hand: shares, missing classes, confidence and entropy", () => {
    const { shares, covered, missing, confidence, entropy } = modeCoverage(
      fromNested([
        [0.9, 0.1, 0],
        [0.6, 0.4, 0],
        [0.2, 0.8, 0],
        [0.3, 0.7, 0],
      ]),
    );
    expect([shares, covered, missing]).toEqual([[0.5, 0.5, 0], 2, [2]]);
    expect(confidence).toBeCloseTo(0.75, 6);
    expect(entropy).toBeCloseTo(Math.LN2, 6);
    expect(() => modeCoverage(hostTensor(new Float32Array(0), [0, 3]))).toThrow("expected at least one sample, got none");
  });
});

describe("extraction", () => {
  const plain: FeatureExtractor = {
    name: "pixels",
    size: 4,
    classes: 2,
    perceive: (images: Tensor) => {
      const features = images.reshape([images.shape[0]!, 4]);
      return { features, logits: features.slice([0, 0], [images.shape[0]!, 2]) };
    },
  };

  test("in parts of any size gives the same rows; the range is brought to [0, 1]", async () => {
    await using device = await openDevice(cpu());
    const images = new Rng(1).uniform([7, 2, 2, 1], -1, 1);
    const whole = await extractFeatures(images, { device, extractor: plain, low: -1, high: 1 });
    const parts = await extractFeatures(images, { device, extractor: plain, low: -1, high: 1, batchSize: 3 });
    expect(parts).toEqual(whole);
    expect(whole.extractor).toBe("pixels");
    for (const [i, value] of whole.features.data.entries()) expect(value).toBeCloseTo((images.data[i]! + 1) / 2, 6);
    expect(whole.probabilities.data[0]! + whole.probabilities.data[1]!).toBeCloseTo(1, 6);
  });

  test("an extractor that gives other widths than it says is named, with the numbers", async () => {
    await using device = await openDevice(cpu());
    const images = new Rng(1).uniform([3, 2, 2, 1]);
    const extract = (lie: Partial<FeatureExtractor>) => extractFeatures(images, { device, extractor: { ...plain, ...lie } });
    await expect(extract({ size: 3, classes: 3 })).rejects.toThrow(
      "extractFeatures: expected features [3, 3] of 3 images by pixels, got [3, 4]. Its size and classes must be what perceive gives.",
    );
    await expect(extract({ classes: 5 })).rejects.toThrow("expected logits [3, 5] of 3 images by pixels, got [3, 2]");
  });

  test("constant images, NaN and other shapes are named", async () => {
    await using device = await openDevice(cpu());
    const extract = (images: HostTensor) => extractFeatures(images, { device, extractor: plain });
    await expect(extract(hostTensor(new Float32Array(12).fill(0.5), [3, 2, 2, 1]))).rejects.toThrow(
      "expected images that differ, got 3 equal ones",
    );
    const broken = new Rng(1).uniform([3, 2, 2, 1]);
    broken.data[5] = Number.NaN;
    await expect(extract(broken)).rejects.toThrow("expected pixels that are numbers, got NaN in image 1");
    await expect(extract(hostTensor(new Float32Array(4), [2, 2]))).rejects.toThrow("expected images [N, H, W, C], got [2, 2]");
    // What a generator makes, read as if it were from 0 to 1, would be scored as other images.
    const made = hostTensor(Float32Array.of(0, 1, 1, 0, 0, 1, -1, 0), [2, 2, 2, 1]);
    await expect(extract(made)).rejects.toThrow(
      "expected pixels from 0 to 1, got -1 in image 1. Say by low and high where black and white are",
    );
    const bytes = hostTensor(Uint8Array.of(0, 255, 3, 4, 5, 6, 7, 8), [2, 2, 2, 1]);
    await expect(extract(bytes)).rejects.toThrow("expected pixels from 0 to 1, got 255 in image 0");
    expect((await extractFeatures(bytes, { device, extractor: plain, high: 255 })).features.data[1]).toBe(1);
    await extract(hostTensor(Float32Array.of(0, 1.02, 1, 0, -0.02, 1, 1, 0), [2, 2, 2, 1]));
    using network = new FeatureNetwork({ ...featureNetworkMnist, rng: new Rng(1) });
    const color = new Rng(1).uniform([2, 8, 8, 3]);
    await expect(extractFeatures(color, { device, extractor: networkExtractor(network, "n") })).rejects.toThrow(
      "FeatureNetwork: expected images [B, H, W, 1], got [2, 8, 8, 3].",
    );
  });
});
