import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, hostTensor } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { cachedMap } from "./cached-map.ts";
import { parseTaggedSentences } from "./text-sets/wnut17.ts";

const folder = mkdtempSync(join(tmpdir(), "dl-map-"));
afterAll(() => rmSync(folder, { recursive: true }));
const numbers = arrayDataset({
  x: hostTensor(
    Float32Array.from({ length: 5 }, (_, i) => i),
    [5],
  ),
});
let calls = 0;
const change = ({ x }: { x: ReturnType<typeof hostTensor> }) => {
  calls++;
  const length = x.data[0]!;
  return {
    squares: hostTensor(
      Float64Array.from({ length }, (_, i) => i * i),
      [length],
    ),
    label: hostTensor(Int32Array.of(-length), []),
    mask: hostTensor(Uint8Array.of(1, 0), [2]),
  };
};

test("a second run reads the results and computes nothing; another fingerprint or function computes anew", async () => {
  const first = await cachedMap(numbers, change, { folder, fingerprint: { data: "a" } });
  expect(calls).toBe(5);
  const second = await cachedMap(numbers, change, { folder, fingerprint: { data: "a" }, onProgress: () => expect.unreachable() });
  expect(calls).toBe(5);
  for (let i = 0; i < 5; i++) {
    expect(second.get(i)).toEqual(first.get(i));
    expect(Array.from(second.get(i).squares.data)).toEqual(Array.from({ length: i }, (_, j) => j * j));
    expect(second.get(i).label.data[0]).toBe(i === 0 ? 0 : -i);
  }
  await cachedMap(numbers, change, { folder, fingerprint: { data: "b" } });
  expect(calls).toBe(10);
  await cachedMap(numbers, ({ x }) => ({ x }), { folder, fingerprint: { data: "a" } });
  expect(readdirSync(folder)).toHaveLength(3);
  expect(() => first.get(5)).toThrow(DataError);
});

test("work that fails leaves nothing behind; results that were cut off say what to do", async () => {
  const before = readdirSync(folder);
  const failing = () => {
    throw new DataError("example is damaged");
  };
  await expect(cachedMap(numbers, failing, { folder, fingerprint: 1 })).rejects.toThrow(/is damaged/);
  expect(readdirSync(folder)).toEqual(before);
  writeFileSync(join(folder, before[0]!, "data.bin"), "x");
  const opened = [{ data: "a" }, { data: "b" }].map((fingerprint) => cachedMap(numbers, change, { folder, fingerprint }));
  opened.push(cachedMap(numbers, ({ x }) => ({ x }), { folder, fingerprint: { data: "a" } }) as never);
  const failed = (await Promise.allSettled(opened)).filter((result) => result.status === "rejected");
  expect(failed).toHaveLength(1);
  expect(String(failed[0]!.reason)).toMatch(/Delete the folder/);
});

test("two processes that make the same results agree", async () => {
  const both = await Promise.all([1, 2].map(() => cachedMap(numbers, change, { folder, fingerprint: "together" })));
  expect(both[0]!.get(3)).toEqual(both[1]!.get(3));
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("CoNLL sentences by hand", () => {
  expect(parseTaggedSentences("a\tO\nb\tB-x\n\t\nc\tI-x\n")).toEqual([
    { tokens: ["a", "b"], tags: ["O", "B-x"] },
    { tokens: ["c"], tags: ["I-x"] },
  ]);
  expect(() => parseTaggedSentences("a\tO\nb")).toThrow(/line 2 of conll/);
});
