import { DataError, hostTensor, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { channelStatistics } from "./channel-statistics.ts";

test("by hand: channels 1, 3, 5, 7 and 10, 10, 10, 10", () => {
  const images = hostTensor(Float32Array.of(1, 10, 3, 10, 5, 10, 7, 10), [2, 1, 2, 2]);
  expect(channelStatistics(arrayDataset({ images }))).toEqual({ mean: [4, 10], standardDeviation: [Math.sqrt(5), 0] });
});

test("over several batches equals the plain formula in float64, also far from zero", () => {
  // 600 images: two full batches and a part.
  const data = new Rng(1).normal([600, 2, 2, 1], 4000, 1).data as Float32Array;
  const { mean, standardDeviation } = channelStatistics(arrayDataset({ images: hostTensor(data, [600, 2, 2, 1]) }));
  const expectedMean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const expectedVariance = data.reduce((sum, value) => sum + (value - expectedMean) ** 2, 0) / data.length;
  // Float64 keeps 16 digits; 2,400 additions lose three or four.
  expect(mean[0]).toBeCloseTo(expectedMean, 9);
  expect(standardDeviation[0]).toBeCloseTo(Math.sqrt(expectedVariance), 9);
});

test("images without a pixel or a channel axis are refused", () => {
  expect(() => channelStatistics(arrayDataset({ images: hostTensor(new Float32Array(0), [3, 0, 2, 1]) }))).toThrow(DataError);
  expect(() => channelStatistics(arrayDataset({ images: hostTensor(new Float32Array(3), [3]) }))).toThrow(DataError);
});
