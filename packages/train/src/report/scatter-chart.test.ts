import { expect, test } from "vitest";
import { renderScatterChart, type ScatterChart } from "./scatter-chart.ts";

const chart = (groups: ScatterChart["groups"], links: ScatterChart["links"] = []): string =>
  renderScatterChart({ title: "Front", xLabel: "parameters", yLabel: "accuracy", groups, links }).html;
const at = (x: number, y: number, label = "p") => ({ x, y, label });

test("each point is a dot with its text, escaped; what is no number is left out", () => {
  const svg = chart([{ name: "all", points: [at(0, 0), at(10, 1, "<b>"), at(5, Number.NaN, "none"), at(Infinity, 1, "none")] }]);
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).toContain("<title>&lt;b&gt;</title>");
  expect(svg).not.toContain("none");
  // 0 … 10 and 0 … 1 are the axes: the corners of the picture, by hand.
  expect(svg).toContain('cx="54.0" cy="260.0"');
  expect(svg).toContain('cx="544.0" cy="14.0"');
});

test("points are joined straight or by steps, and links go between any two", () => {
  const points = [at(0, 0), at(10, 1)];
  expect(chart([{ name: "a", points, line: "straight" }])).toContain('d="M54.0 260.0L544.0 14.0"');
  expect(chart([{ name: "a", points, line: "steps" }])).toContain('d="M54.0 260.0H544.0V14.0"');
  const linked = chart([{ name: "a", points }], [{ from: points[0]!, to: points[1]!, strong: true }]);
  expect(linked).toContain('<line class="line s1" x1="54.0" y1="260.0" x2="544.0" y2="14.0"/>');
});

test("no values make an empty figure", () => {
  expect(chart([{ name: "a", points: [] }])).toContain("No values.");
});
