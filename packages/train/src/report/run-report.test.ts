import { hostTensor } from "@dl/core";
import { classificationReport } from "@dl/metrics";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { confusedPairs } from "./confusion-heat-map.ts";
import { type RunReport, renderRunReport } from "./run-report.ts";

const matrix = hostTensor(Float64Array.of(8, 2, 0, 0, 9, 1, 5, 0, 5), [3, 3]);
const image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) } as const;

const report = (text: string): RunReport => ({
  title: text,
  subtitle: text,
  highlights: [{ name: text, value: text }],
  summary: [{ name: text, value: text }],
  charts: [{ title: text, xLabel: text, series: [{ name: text, points: [{ x: 1, y: 2 }] }], mark: { x: 1, label: text } }],
  confusion: { matrix, names: [text, "b", "c"] },
  classification: classificationReport(matrix, { names: [text, "b", "c"] }),
  mistakes: [{ image, label: text, prediction: text, confidence: 0.9, caption: text }],
});

test("every text is escaped, wherever it stands", () => {
  const attack = `<script>alert(1)</script>"'&`;
  const page = renderRunReport(report(attack));
  expect(page).not.toContain("<script");
  expect(page).not.toContain(attack);
  expect(page.split("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;").length).toBeGreaterThan(15);
});

test("the page is whole by itself: no address, no script, and a policy that forbids both", () => {
  const page = renderRunReport(report("LeNet"));
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  expect(page).not.toMatch(/https?:|\/\/[a-z]|<script|<link|@import|url\(/);
  // Every tag that is opened is closed.
  for (const tag of ["div", "table", "tr", "td", "section", "figure", "svg", "g", "ul", "li", "dl", "main"]) {
    expect(page.split(new RegExp(`<${tag}[ >]`)).length, tag).toBe(page.split(`</${tag}>`).length);
  }
});

test("images come along as PNG", () => {
  const page = renderRunReport(report("LeNet"));
  const [, data] = /src="data:image\/png;base64,([^"]+)"/.exec(page)!;
  expect([...decode(Buffer.from(data!, "base64")).data]).toEqual([0, 255]);
});

test("counts and their shares are in the heat map, the worst pair comes first", () => {
  const page = renderRunReport(report("a"));
  expect(page).toContain('title="true a, predicted b: 2 (20.0 %)">2</td>');
  expect(page).toContain('<td class="none" style="--depth:0.000" title="true a, predicted c: 0 (0.0 %)">·</td>');
  expect(confusedPairs(matrix)).toEqual([
    { label: 2, prediction: 0, count: 5 },
    { label: 0, prediction: 1, count: 2 },
    { label: 1, prediction: 2, count: 1 },
  ]);
});

test("many classes: colours without counts, very many: only the pairs", () => {
  const page = (classes: number): string => {
    const names = Array.from({ length: classes }, (_, i) => `class ${i}`);
    const counts = hostTensor(new Float64Array(classes * classes).fill(1), [classes, classes]);
    return renderRunReport({ title: "t", summary: [], confusion: { matrix: counts, names } });
  };
  expect(page(50)).toContain('class="heat dense"');
  expect(page(50).match(/<td class/g)).toHaveLength(2500);
  expect(page(101)).not.toContain("<table");
  expect(page(101)).toContain("Confused most often");
});

test("what is not there is left out", () => {
  const page = renderRunReport({ title: "t", summary: [] });
  expect(page).not.toMatch(/Confusion matrix|Worst mistakes|By class|class="charts"|class="highlights"/);
});

test("names that do not fit the matrix are an error", () => {
  expect(() => renderRunReport({ title: "t", summary: [], confusion: { matrix, names: ["a"] } })).toThrow(
    "expected counts [1, 1] for 1 names, got [3, 3]",
  );
});
