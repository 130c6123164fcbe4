import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError, OptionError } from "@dl/core";
import { expect, test } from "vitest";
import { classCounts } from "../statistics/class-counts.ts";
import { imageFolder } from "./image-folder.ts";
import { lazyImageFolder } from "./lazy-image-folder.ts";
import { listClasses } from "./list-classes.ts";

const folder = fileURLToPath(new URL("../../fixtures/images", import.meta.url));
const names = (paths: readonly string[]): string[] => paths.map((path) => basename(path));

test("subfolders are classes in order of name; damaged files are skipped and say why, as asked", async () => {
  const progress: number[] = [];
  const images = await imageFolder(folder, { width: 8, height: 6, corrupt: "skip", onProgress: (done) => progress.push(done) });
  expect(images.classNames).toEqual(["cat", "dog", "misc"]);
  expect(names(images.paths).slice(0, 5)).toEqual(["gray.png", "interlace_like_1bit.png", "palette.png", "rgb.png", "rgba.png"]);
  expect(classCounts(images)).toEqual([5, 5, 3]);
  expect(names(images.skipped.map(({ path }) => path)).toSorted()).toEqual([
    "empty.jpg",
    "not_an_image.png",
    "notes.txt",
    "truncated.jpg",
    "truncated.png",
  ]);
  expect(images.skipped.find(({ path }) => path.endsWith("empty.jpg"))!.reason).toMatch(/got an empty file/);
  const batch = images.getBatch(Int32Array.of(0, 12));
  expect(batch.images.shape).toEqual([2, 6, 8, 3]);
  expect(Array.from(batch.labels.data)).toEqual([0, 2]);
  expect(batch.images.data.every((value) => value >= 0 && value <= 1)).toBe(true);
  expect(progress.at(-1)).toBe(17);
});

test("by default a damaged file is an error that names it", async () => {
  await expect(imageFolder(folder, { width: 8, height: 8 })).rejects.toThrow(
    /misc.empty\.jpg to be a PNG, a JPEG or a BMP, got an empty file/,
  );
});

test("grey, and cropped instead of squeezed", async () => {
  const options = { width: 6, height: 6, channels: 1, corrupt: "skip" } as const;
  const squeezed = await imageFolder(folder, options);
  const cropped = await imageFolder(folder, { ...options, fit: "crop" });
  expect(cropped.get(0).images.shape).toEqual([6, 6, 1]);
  expect(cropped.get(0).images.data).not.toEqual(squeezed.get(0).images.data);
});

test("links to files and folders are followed; those that lead nowhere, or round in a circle, are skipped and say so", async () => {
  const root = mkdtempSync(join(tmpdir(), "dl-links-"));
  try {
    mkdirSync(join(root, "a", "deep"), { recursive: true });
    const link = (to: string, ...at: string[]): void => symlinkSync(to, join(root, ...at));
    link(join(folder, "cat"), "cat");
    link(join(folder, "dog"), "a", "deep", "dogs");
    link(join(folder, "cat", "rgb.png"), "a", "one.png");
    link(join(root, "nowhere.png"), "a", "broken.png");
    link(join(root, "a"), "a", "deep", "round");
    link(root, "self");
    link(join(root, "itself"), "itself");
    const { classNames, files, skipped } = await listClasses(root);
    expect(classNames).toEqual(["a", "cat"]);
    const inside = (paths: readonly { path: string }[]): string[] => paths.map(({ path }) => relative(root, path).split(sep).join("/"));
    const dogs = readdirSync(join(folder, "dog")).sort();
    const cats = readdirSync(join(folder, "cat")).sort();
    expect(inside(files)).toEqual([...dogs.map((name) => `a/deep/dogs/${name}`), "a/one.png", ...cats.map((name) => `cat/${name}`)]);
    expect(inside(skipped)).toEqual(["itself", "self", "a/broken.png", "a/deep/round"]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/a link to what is there, got ELOOP/),
      expect.stringMatching(/a folder it is not in itself/),
      expect.stringMatching(/got ENOENT/),
      expect.stringMatching(/a folder it is not in itself/),
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("a test folder is numbered by the classes of the training folder, whatever it lacks; without them an empty class is an error", async () => {
  const root = mkdtempSync(join(tmpdir(), "dl-classes-"));
  try {
    for (const name of ["cat", "emu", "empty"]) mkdirSync(join(root, name));
    for (const name of ["cat", "emu"]) symlinkSync(join(folder, "cat", "rgb.png"), join(root, name, "1.png"));
    const classNames = ["ant", "emu", "cat", "empty"];
    const options = { width: 2, height: 2 };
    for (const open of [imageFolder, lazyImageFolder]) {
      const images = await open(root, { ...options, classNames });
      expect(images.classNames).toEqual(classNames);
      expect(images.paths.map((path, i) => [basename(join(path, "..")), images.get(i).labels.data[0]])).toEqual([
        ["cat", 2],
        ["emu", 1],
      ]);
      expect(classCounts(images)).toEqual([0, 1, 1, 0]);
      await expect(open(root, options)).rejects.toThrow(/in every subfolder of .* got none in empty\. .* pass classNames/);
      await expect(open(root, { ...options, classNames: ["cat", "empty"] })).rejects.toThrow(
        /among classNames \(cat, empty\), got emu too/,
      );
      await expect(open(root, { ...options, classNames: ["cat", "cat"] })).rejects.toThrow(OptionError);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("no folder, no classes, no images, no size: each says so", async () => {
  const empty = mkdtempSync(join(tmpdir(), "dl-folder-"));
  try {
    await expect(imageFolder(join(empty, "none"), { width: 8, height: 8 })).rejects.toThrow(/none, got ENOENT/);
    await expect(imageFolder(empty, { width: 8, height: 8 })).rejects.toThrow(/one subfolder a class, got none/);
    mkdirSync(join(empty, "class"));
    await expect(imageFolder(empty, { width: 8, height: 8 })).rejects.toThrow(DataError);
    await expect(imageFolder(folder, { width: 8.5, height: 8 })).rejects.toThrow(OptionError);
  } finally {
    rmSync(empty, { recursive: true });
  }
});
