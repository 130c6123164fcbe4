import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inner, readDoubles, readMessage, readRecords } from "../../fixtures/read-events.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { histogramEvent, imageEvent, scalarEvent, textEvent } from "./events.ts";
import { histogramOf } from "./histogram.ts";
import { tfRecord } from "./tfrecord.ts";

// What torch's SummaryWriter wrote: version, loss 0.5, loss NaN, zero, histogram, image, text.
const file = new Uint8Array(readFileSync(new URL("../../fixtures/events.tfevents", import.meta.url)));
const fixture = JSON.parse(readFileSync(new URL("../../fixtures/events.json", import.meta.url), "utf8")) as {
  wallTime: number;
  histogram: number[];
};
const theirs = readRecords(file);
const at = (step: number) => ({ wallTime: fixture.wallTime, step });

test("framing: our records are torch's, byte for byte", () => {
  expect(theirs).toHaveLength(7);
  expect(Buffer.concat(theirs.map(({ data }) => tfRecord(data)))).toEqual(Buffer.from(file));
  for (const { data, dataCrc } of theirs) expect(maskedCrc32c(data)).toBe(dataCrc);
});

test.each([
  ["a loss", scalarEvent(at(1), "loss/train", 0.5), 1],
  ["NaN", scalarEvent(at(2), "loss/train", Number.NaN), 2],
  ["zero is written, not left out", scalarEvent(at(300), "zero", 0), 3],
  ["text", textEvent(at(9), "note/text_summary", "**größe** & <b>"), 6],
])("scalars and text are torch's, byte for byte: %s", (_, ours, record) => {
  expect(Buffer.from(ours)).toEqual(Buffer.from(theirs[record]!.data));
});

test("an image is torch's, byte for byte, given the same PNG", () => {
  const png = inner(readMessage(theirs[5]!.data), 5, 1, 4).get(4)![0] as Uint8Array;
  expect(Buffer.from(imageEvent(at(8), "sample", { width: 2, height: 1, channels: 3, png }))).toEqual(Buffer.from(theirs[5]!.data));
});

test("a histogram has torch's numbers and bins, with runs of empty bins joined", () => {
  const mine = inner(readMessage(histogramEvent(at(7), "weights", histogramOf("weights", fixture.histogram))), 5, 1, 5);
  const torch = inner(readMessage(theirs[4]!.data), 5, 1, 5);
  for (const field of [1, 2, 3, 4, 5]) expect(mine.get(field)).toEqual(torch.get(field));
  const filled = (message: typeof torch): [number, number][] => {
    const limits = readDoubles(message.get(6)![0]!);
    return readDoubles(message.get(7)![0]!)
      .map((count, i): [number, number] => [limits[i]!, count])
      .filter(([, count]) => count > 0);
  };
  expect(filled(mine)).toEqual(filled(torch));
  const [limits, theirLimits] = [readDoubles(mine.get(6)![0]!), readDoubles(torch.get(6)![0]!)];
  expect(limits[0]).toBe(theirLimits[0]);
  // The left edge of a filled bin is the limit before it, in both.
  for (const [limit] of filled(mine)) expect(limits[limits.indexOf(limit) - 1]).toBe(theirLimits[theirLimits.indexOf(limit) - 1]);
  expect(limits.length).toBeLessThan(20);
});

test("steps past 2³¹ and empty steps", () => {
  expect(readMessage(scalarEvent(at(2 ** 40 + 5), "x", 1)).get(2)).toEqual([BigInt(2 ** 40 + 5)]);
  expect(readMessage(scalarEvent(at(0), "x", 1)).get(2)).toBeUndefined();
  expect(() => scalarEvent(at(-1), "x", 1)).toThrow("expected a whole step of at least 0, got -1");
  expect(() => scalarEvent(at(0.5), "x", 1)).toThrow("got 0.5");
});
