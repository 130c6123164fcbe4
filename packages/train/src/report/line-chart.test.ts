import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { averageNeighbours, renderLineChart } from "./line-chart.ts";
import { niceAxis, wholeAxis } from "./scale.ts";

describe("axes", () => {
  test("ticks are round", () => {
    expect(niceAxis(0, 0.83, 6).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceAxis(0.913, 0.9947, 6).ticks).toEqual([0.9, 0.92, 0.94, 0.96, 0.98, 1]);
    expect(wholeAxis(1, 12, 7).ticks).toEqual([2, 4, 6, 8, 10, 12]);
    expect(wholeAxis(1, 3, 7).ticks).toEqual([1, 2, 3]);
  });

  test("any range lies inside its axis, with few ticks", () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const axis = niceAxis(low, high, 6);
        const slack = 1e-6 * Math.max(Math.abs(low), Math.abs(high), axis.high - axis.low);
        expect(axis.low).toBeLessThanOrEqual(low + slack);
        expect(axis.high).toBeGreaterThanOrEqual(high - slack);
        expect(axis.high).toBeGreaterThan(axis.low);
        expect(axis.ticks.length).toBeLessThanOrEqual(12);
      }),
    );
  });
});

const points = [1, 2, 3].map((x) => ({ x, y: 1 / x }));

test("the ends of a curve are the ends of the plot", () => {
  const { html } = renderLineChart({ title: "Loss", xLabel: "epoch", series: [{ name: "train", points }] });
  // Loss from 0 to 1: the first value is the top, x from 54 to 544.
  expect(html).toContain('d="M54.0 14.0L299.0 137.0L544.0 178.0"');
  expect(html).toContain("<title>train, epoch 2: 0.5000</title>");
});

test("the legend shows the last value itself, however many points there are", () => {
  const many = Array.from({ length: 1000 }, (_, x) => ({ x, y: x }));
  const { html } = renderLineChart({ title: "Loss", xLabel: "step", series: [{ name: "train", points: many }] });
  expect(html).toContain("train <b>999</b>");
});

test("a diverged value leaves a gap", () => {
  const torn = [...points, { x: 4, y: Number.NaN }, { x: 5, y: 0.2 }, { x: 6, y: Number.POSITIVE_INFINITY }];
  const { html } = renderLineChart({ title: "Loss", xLabel: "epoch", series: [{ name: "train", points: torn }] });
  expect(html.match(/ d="(.*?)"/)![1]!.match(/M/g)).toHaveLength(2);
  expect(html).not.toMatch(/NaN|Infinity/);
});

test("one point, and none", () => {
  const one = renderLineChart({ title: "Loss", xLabel: "epoch", series: [{ name: "train", points: points.slice(0, 1) }] }).html;
  expect(one).toContain('cx="299.0"');
  expect(one).not.toMatch(/NaN|Infinity/);
  const none = renderLineChart({ title: "Loss", xLabel: "epoch", series: [{ name: "train", points: [{ x: 1, y: Number.NaN }] }] }).html;
  expect(none).toContain("No values.");
});

test("a share never has an axis above 100 %", () => {
  const share = points.map(({ x }) => ({ x, y: 0.97 + x / 100 }));
  const { html } = renderLineChart({ title: "Accuracy", xLabel: "epoch", format: "percent", series: [{ name: "train", points: share }] });
  expect(html).toContain(">100.0%<");
  expect(html).not.toContain(">100.5%<");
  expect(html).toContain("train <b>100.00 %</b>");
});

test("too many curves are an error", () => {
  const series = Array.from({ length: 7 }, () => ({ name: "train", points }));
  expect(() => renderLineChart({ title: "Loss", xLabel: "epoch", series })).toThrow('line chart "Loss": expected at most 6 series, got 7');
});

test("neighbours are averaged, and the mean stays", () => {
  const many = Array.from({ length: 1000 }, (_, x) => ({ x, y: x * x }));
  const few = averageNeighbours(many, 100);
  expect(few).toHaveLength(100);
  const mean = (of: readonly { y: number }[]): number => of.reduce((sum, { y }) => sum + y, 0) / of.length;
  expect(mean(few)).toBeCloseTo(mean(many), 6);
  expect(averageNeighbours(points, 10)).toEqual(points);
});
