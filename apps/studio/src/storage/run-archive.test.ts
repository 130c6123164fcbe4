import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { unzipRun, zipRun } from "./run-archive.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a run that is zipped is the same run unzipped, also from files picked one by one", () => {
  const files = { "run.json": bytes("{}"), "model.safetensors": Uint8Array.of(1, 2, 3) };
  expect(unzipRun(new Map([["mine.zip", zipRun("mine", files)]]))).toEqual(files);
  expect(unzipRun(new Map(Object.entries(files)))).toEqual(files);
});

test("what is no run is refused by name: damaged, cut off, or without run.json", () => {
  const zip = zipRun("mine", { "run.json": bytes("{}") });
  expect(() => unzipRun(new Map([["cut.zip", zip.slice(0, 40)]]))).toThrow(
    /^cut\.zip: expected a zip of a run, got one that is damaged or cut off/,
  );
  expect(() => unzipRun(new Map([["a.png", bytes("x")]]))).toThrow(/got a\.png/);
  expect(() => unzipRun(new Map([["b.zip", zipSync({ "x/y.txt": bytes("x") }) as Uint8Array<ArrayBuffer>]]))).toThrow(/got y\.txt/);
});
