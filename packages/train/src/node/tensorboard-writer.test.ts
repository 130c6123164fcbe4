import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mountSmallDisk } from "../../fixtures/full-disk.ts";
import { readMessage, readRecords } from "../../fixtures/read-events.ts";
import { TensorBoardWriter } from "./tensorboard-writer.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dl-tensorboard-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const eventsIn = (path: string) => readRecords(new Uint8Array(readFileSync(path))).map(({ data }) => readMessage(data));

test("the file is there at once, and starts with its version", () => {
  using writer = new TensorBoardWriter(folder, { clock: () => 1_700_000_000 });
  expect(writer.path).toMatch(/events\.out\.tfevents\.1700000000\..+\.\d+\.0$/);
  const [first] = eventsIn(writer.path);
  expect(new TextDecoder().decode(first!.get(3)![0] as Uint8Array)).toBe("brain.Event:2");
});

test("events wait until flush, until the time is up, or until there are many", () => {
  using slow = new TensorBoardWriter(folder, { flushSeconds: 1000 });
  slow.scalar("loss", 1, { step: 0 });
  expect(eventsIn(slow.path)).toHaveLength(1);
  slow.flush();
  expect(eventsIn(slow.path)).toHaveLength(2);
  for (let step = 0; step < 2000; step++) slow.scalar("loss", 1, { step });
  expect(eventsIn(slow.path).length).toBeGreaterThan(1000);
  using prompt = new TensorBoardWriter(folder, { flushSeconds: 0 });
  prompt.scalar("loss", 1, { step: 0 });
  expect(eventsIn(prompt.path)).toHaveLength(2);
});

test("two writers in one second get two files, and no file is opened again", () => {
  using first = new TensorBoardWriter(folder, { clock: () => 1 });
  using second = new TensorBoardWriter(folder, { clock: () => 1 });
  expect(second.path).not.toBe(first.path);
  expect(readdirSync(folder)).toHaveLength(2);
});

test("after close, writing is an error and closing is not", () => {
  const writer = new TensorBoardWriter(folder);
  writer.close();
  writer.close();
  expect(() => writer.scalar("loss", 1, { step: 0 })).toThrow("after close()");
});

test("a folder that cannot be made is a clear error", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => new TensorBoardWriter(join(folder, "file", "logs"))).toThrow(/expected to make an event file in .+ENOTDIR/);
});

test("a full disk: a clear error, only whole records, and the waiting ones once there is room", ({ skip }) => {
  const disk = mountSmallDisk();
  if (disk === undefined) return skip("a small disk can be mounted on Linux, as root");
  try {
    using writer = new TensorBoardWriter(disk.path, { flushSeconds: 1000 });
    writeFileSync(join(disk.path, "ballast"), new Uint8Array(52 << 10));
    for (let i = 0; i < 500; i++) writer.scalar("loss", 1, { step: i });
    expect(() => writer.flush()).toThrow(/expected to append .+ the disk is full \(ENOSPC\)/);
    expect(eventsIn(writer.path)).toHaveLength(1);
    rmSync(join(disk.path, "ballast"));
    writer.flush();
    expect(eventsIn(writer.path)).toHaveLength(501);
  } finally {
    disk.unmount();
  }
});

// Runs where python has tensorboard: DL_PYTHON, or python3.
const python = [process.env.DL_PYTHON, "python3"].find((candidate) => {
  if (candidate === undefined) return false;
  try {
    execFileSync(candidate, ["-c", "import tensorboard"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

interface Reading {
  scalars: Record<string, [number, number, string][]>;
  histograms: Record<string, { step: number; num: number; min: number; max: number; counts: number[] }[]>;
  images: Record<string, { step: number; width: number; height: number; png: string }[]>;
  tensors: Record<string, [number, string][]>;
  plugins: Record<string, string>;
}

describe.skipIf(python === undefined)("the real TensorBoard", () => {
  const read = (): Reading => {
    const script = new URL("../../../../tooling/fixtures/read_tensorboard.py", import.meta.url).pathname;
    return JSON.parse(execFileSync(python!, [script, folder], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as Reading;
  };

  test("reads scalars, histograms, images and text", () => {
    const data = Uint8Array.of(0, 128, 255, 255, 0, 1);
    const writer = new TensorBoardWriter(folder, { clock: () => 1_700_000_000.5 });
    writer.scalar("loss/train", 0.5, { step: 1 });
    writer.scalar("loss/train", Number.NaN, { step: 2 });
    writer.histogram("weights", Float32Array.of(-1, 0, 0, 2), { step: 3 });
    writer.image("sample", { width: 2, height: 1, channels: 3, data }, { step: 4 });
    writer.text("note", "**größe**", { step: 5 });
    writer.close();
    const reading = read();
    expect(reading.scalars["loss/train"]).toEqual([
      [1, 1_700_000_000.5, "0.5"],
      [2, 1_700_000_000.5, "nan"],
    ]);
    const [histogram] = reading.histograms.weights!;
    expect(histogram).toMatchObject({ step: 3, num: 4, min: -1, max: 2 });
    expect(histogram!.counts.filter((count) => count > 0)).toEqual([1, 2, 1]);
    const [image] = reading.images.sample!;
    expect(image).toMatchObject({ step: 4, width: 2, height: 1 });
    expect([...decode(Buffer.from(image!.png, "base64")).data]).toEqual([...data]);
    expect(reading.tensors.note).toEqual([[5, "**größe**"]]);
    expect(reading.plugins.note).toBe("text");
  });

  test("a resumed run goes on in a new file, and replaces the steps it runs again", () => {
    const first = new TensorBoardWriter(folder, { clock: () => 100 });
    for (let step = 1; step <= 5; step++) first.scalar("loss", step, { step });
    first.close();
    const second = new TensorBoardWriter(folder, { clock: () => 200, resumedStep: 3 });
    second.scalar("loss", 40, { step: 4 });
    second.close();
    expect(read().scalars.loss!.map(([step, , value]) => [step, value])).toEqual([
      [1, "1.0"],
      [2, "2.0"],
      [3, "3.0"],
      [4, "40.0"],
    ]);
  });

  test("a file torn in mid-record keeps the records before", () => {
    const writer = new TensorBoardWriter(folder);
    writer.scalar("loss", 1, { step: 1 });
    writer.scalar("loss", 2, { step: 2 });
    writer.close();
    writeFileSync(writer.path, readFileSync(writer.path).subarray(0, -5));
    expect(read().scalars.loss!.map(([step]) => step)).toEqual([1]);
  });
});
