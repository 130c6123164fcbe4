import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePng } from "@dl/train";
import { afterAll, expect, test } from "vitest";
import type { RunSettings } from "../run.ts";
import { type FolderImages, loadFolderImages } from "./folder-images.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-splits-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const pixel = encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(40, 60, 200) });

/** A folder with so many images in each of its subfolders. */
function folder(name: string, counts: Record<string, number>): string {
  for (const [inside, count] of Object.entries(counts)) {
    mkdirSync(join(scratch, name, inside), { recursive: true });
    for (let i = 0; i < count; i++) writeFileSync(join(scratch, name, inside, `${i}.png`), pixel);
  }
  return join(scratch, name);
}

const load = (data: string): Promise<FolderImages> => {
  const settings: Partial<RunSettings> = { inputs: { data }, seed: 1, limit: null };
  return loadFolderImages({ settings: settings as RunSettings }, { imageSize: 1, signal: new AbortController().signal });
};
const sizes = ({ train, validation, test }: FolderImages): number[] => [train.length, validation.length, test.length];

test("train and val, as PyTorch's tutorials have them, are splits and no classes; the test is a fifth of train", async () => {
  const counts = { "train/ants": 20, "train/bees": 20, "val/ants": 3, "val/bees": 4 };
  const images = await load(folder("hymenoptera", counts));
  expect(images.classNames).toEqual(["ants", "bees"]);
  expect(sizes(images)).toEqual([32, 7, 8]);
});

test.each(["validation", "valid"])("%s is judged on as it is, and so is test", async (name) => {
  const counts = { "train/a": 8, "train/b": 8, [`${name}/a`]: 2, [`${name}/b`]: 3, "test/a": 4, "test/b": 5, "notes/c": 1 };
  const images = await load(folder(`three ${name}`, counts));
  expect(images.classNames).toEqual(["a", "b"]);
  expect(sizes(images)).toEqual([16, 5, 9]);
});

test("train alone is divided as a folder of classes is", async () => {
  const images = await load(folder("alone", { "train/a": 50, "train/b": 50 }));
  expect(images.classNames).toEqual(["a", "b"]);
  expect(sizes(images)).toEqual([72, 8, 20]);
});

test("links to split folders are split folders", async () => {
  const whole = folder("elsewhere", { "train/a": 8, "train/b": 8, "val/a": 2, "val/b": 2 });
  mkdirSync(join(scratch, "linked"));
  for (const name of ["train", "val"]) symlinkSync(join(whole, name), join(scratch, "linked", name), "dir");
  expect(sizes(await load(join(scratch, "linked")))).toEqual([13, 4, 3]);
});

test("trains may be a class: what is named so and holds images itself, beside others", async () => {
  const images = await load(folder("vehicles", { bus: 20, train: 20 }));
  expect(images.classNames).toEqual(["bus", "train"]);
});

test.each<[string, Record<string, number>, RegExp]>([
  ["splits without classes", { train: 9, val: 9 }, /expected subfolders named after classes, .* got train, val, which name splits/],
  ["no training part", { "val/a": 9, "val/b": 9, "test/a": 9, "test/b": 9 }, /expected a subfolder train beside val, test, got none/],
  ["a split among classes", { "train/a": 9, bus: 9, car: 9 }, /expected either classes or splits, got train, .* beside bus, car/],
  ["two of a kind", { "train/a": 9, "val/a": 9, "valid/a": 9 }, /expected one subfolder for validation, got val, valid/],
  ["other classes", { "train/a": 9, "train/b": 9, "val/a": 9, "val/c": 9 }, /the same classes in train and val of .*, got a, b and a, c/],
])("%s: an error that says so", async (name, counts, message) => {
  await expect(load(folder(name, counts))).rejects.toThrow(message);
});
