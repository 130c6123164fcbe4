import { fromNested, hostTensor } from "@dl/core";
import { expect, test } from "vitest";
import { explanationPage } from "./explanation-page.ts";
import { heatMap } from "./heat-map.ts";
import { overlay, overlayPng } from "./overlay.ts";

const image = hostTensor(new Float32Array(12).fill(0.6), [2, 2, 3]);

test("heat maps: the largest channel, sums, signs; scaled to 1, outliers cut", () => {
  const attributions = hostTensor(Float32Array.of(1, -4, 2, 1, 0, 0, 0, 1), [2, 2, 2]);
  expect([...heatMap(attributions, { percentile: 100 }).data]).toEqual([1, 0.5, 0, 0.25]);
  expect([...heatMap(attributions, { percentile: 100, channels: "sum" }).data].map((x) => Math.round(5 * x))).toEqual([5, 3, 0, 1]);
  expect([...heatMap(attributions, { percentile: 100, channels: "signed" }).data].map((x) => Math.round(3 * x))).toEqual([-3, 3, 0, 1]);
  const outlier = hostTensor(
    Float32Array.from({ length: 100 }, (_, i) => (i === 7 ? 1000 : 1)),
    [10, 10],
  );
  expect(new Set(heatMap(outlier).data)).toEqual(new Set([1]));
  expect([...heatMap(hostTensor(new Float32Array(4), [2, 2])).data]).toEqual([0, 0, 0, 0]);
});

test("where nothing is hot the picture shows in grey, where it is hot the colour", () => {
  const map = fromNested([
    [0, 1],
    [-1, 0],
  ]);
  const { data, width, height } = overlay(image, { map, opacity: 1 });
  expect([width, height]).toEqual([2, 2]);
  expect([...data.slice(0, 3)]).toEqual([153, 153, 153]);
  expect([...data.slice(3, 6)]).toEqual([255, 235, 90]);
  expect([...data.slice(6, 9)]).toEqual([20, 60, 200]);
  expect(overlay(image, { map, opacity: 0 }).data.every((byte) => byte === 153)).toBe(true);
  expect(overlay(image, { map, scale: 3 })).toMatchObject({ width: 6, height: 6 });
});

test("a PNG, and a page that holds it and no markup of its captions", () => {
  const png = overlayPng(image, {
    map: fromNested([
      [0, 1],
      [0, 0],
    ]),
  });
  expect([...png.slice(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  const page = explanationPage([{ caption: "<b>owl</b>", png }], { title: "Why & how" });
  expect(page).toContain(`src="data:image/png;base64,${Buffer.from(png).toString("base64")}"`);
  expect(page).toContain("&lt;b&gt;owl&lt;/b&gt;");
  expect(page).toContain("Why &amp; how");
});

test("what does not fit is an error", () => {
  expect(() => overlay(image, { map: fromNested([[1]]) })).toThrow("expected a map [2, 2] for the image, got [1, 1]");
  expect(() => overlay(hostTensor(new Float32Array(8), [2, 2, 2]), { map: fromNested([[1]]) })).toThrow("got [2, 2, 2]");
  expect(() =>
    overlay(image, {
      map: fromNested([
        [1, 1],
        [1, 1],
      ]),
      opacity: 2,
    }),
  ).toThrow("expected an opacity from 0 to 1, got 2");
  expect(() => heatMap(hostTensor(new Float32Array(4), [4]))).toThrow("expected attributions [H, W] or [H, W, C], got [4]");
  expect(() => heatMap(hostTensor(Float32Array.of(1, Number.NaN, 3, 4), [2, 2]))).toThrow("expected finite attributions, got NaN at 1");
  expect(() => heatMap(hostTensor(new Float32Array(4), [2, 2]), { channels: "mean" as "max" })).toThrow("max, sum or signed, got mean");
  // A map that was not scaled would wrap around in the bytes.
  expect(() => overlay(image, { map: hostTensor(Float32Array.of(0, 3, 0, 0), [2, 2]) })).toThrow("a map from -1 to 1, got 3 in it");
  expect(() => explanationPage([], { title: "x" })).toThrow("at least one panel");
});
