import { hostTensor } from "@dl/core";
import { expect, test } from "vitest";
import { classificationReport } from "./classification-report.ts";
import { classificationReportHtml } from "./classification-report-html.ts";

const report = classificationReport(hostTensor(Float64Array.of(3, 1, 0, 4), [2, 2]), { names: [`<img src=x onerror="alert(1)">`, "b"] });

test("a row a class, and the three averages", () => {
  const html = classificationReportHtml(report, { digits: 2 });
  expect(html.match(/<tr>/g)).toHaveLength(1 + 2 + 3);
  expect(html).toContain("0.80"); // precision of b: 4 of 5
  expect(html).toContain("80%"); // and its bar
});

test("names cannot leave their cells", () => {
  const html = classificationReportHtml(report);
  expect(html).not.toContain("<img");
  expect(html).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
});

test("an undefined ratio is a dash", () => {
  const omitted = classificationReport(hostTensor(Float64Array.of(2, 0, 1, 0), [2, 2]), { zeroDivision: "omit" });
  expect(classificationReportHtml(omitted)).toContain("<td>–</td>");
  expect(() => classificationReportHtml(report, { digits: 1.5 })).toThrow("expected digits from 0 to 20, got 1.5");
});
