import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError, hostTensor } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { fromStored } from "./convert.ts";
import { loadFile, loadSafetensors, SafetensorsFile, saveSafetensors, saveShards, writeFileAtomically } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "dl-nn-"));
afterAll(() => rmSync(folder, { recursive: true }));

const tensors = new Map([
  ["w", hostTensor(Float32Array.of(1, 2, 3, 4), [2, 2])],
  ["ids", hostTensor(Int32Array.of(7), [1])],
]);

test("a saved file loads, with its metadata; nothing else is left in the folder", async () => {
  const path = join(folder, "new", "model.safetensors");
  await saveSafetensors(path, tensors, { metadata: { format: "pt" } });
  const file = await loadFile(path);
  expect(file.metadata.get("format")).toBe("pt");
  expect(fromStored(file.tensors.get("w")!)).toEqual(tensors.get("w"));
  expect(readdirSync(join(folder, "new"))).toEqual(["model.safetensors"]);
});

test("one tensor is read without the others", async () => {
  const path = join(folder, "one.safetensors");
  await saveSafetensors(path, tensors);
  await using file = await SafetensorsFile.open(path);
  expect(file.names.sort()).toEqual(["ids", "w"]);
  const { bytes } = await file.read("ids");
  expect(bytes.buffer.byteLength).toBe(4);
  await expect(file.read("nope")).rejects.toThrow(/one\.safetensors: expected a tensor of the file, got "nope"/);
});

test("a file cut off is refused when opened, and one cut off later when read", async () => {
  const path = join(folder, "cut.safetensors");
  await saveSafetensors(path, tensors);
  await using file = await SafetensorsFile.open(path);
  truncateSync(path, readFileSync(path).length - 1);
  await expect(file.read("ids").then(() => file.read("w"))).rejects.toThrow(CheckpointError);
  await expect(SafetensorsFile.open(path)).rejects.toThrow(/cut\.safetensors: tensor "(w|ids)": expected data up to byte/);
});

test("what cannot be opened is a CheckpointError with its path", async () => {
  await expect(loadSafetensors(join(folder, "missing.safetensors"))).rejects.toThrow(/missing\.safetensors: could not be opened: ENOENT/);
  await expect(loadSafetensors(folder)).rejects.toThrow(CheckpointError);
});

test("a write that fails leaves the old file as it was, and no temporary file", async () => {
  const path = join(folder, "kept", "model.safetensors");
  await saveSafetensors(path, tensors);
  const before = readFileSync(path);
  // The disk fills up at the second part: its bytes cannot be had.
  const full = {
    get byteLength(): number {
      throw new Error("ENOSPC: no space left on device");
    },
  };
  const write = writeFileAtomically(path, [Uint8Array.of(1), full as unknown as Uint8Array]);
  await expect(write).rejects.toThrow(/model\.safetensors: could not be written: ENOSPC.* What was there before is unchanged/);
  await expect(saveSafetensors(join(folder, "kept"), tensors)).rejects.toThrow(CheckpointError);
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(join(folder, "kept"))).toEqual(["model.safetensors"]);
});

test("shards on disk load through their index", async () => {
  const home = join(folder, "shards");
  await saveShards(home, tensors, { maximumBytes: 16 });
  const loaded = await loadSafetensors(join(home, "model.safetensors.index.json"));
  expect(new Map([...loaded].map(([name, tensor]) => [name, fromStored(tensor)]))).toEqual(tensors);
});

test("shards saved over others: the old index goes first, so that it never stands over shards of two models", async () => {
  const home = join(folder, "again");
  const index = join(home, "model.safetensors.index.json");
  await saveShards(home, tensors, { maximumBytes: 16 });
  // The second shard cannot be written: a folder stands in its place.
  rmSync(join(home, "model-00002-of-00002.safetensors"));
  mkdirSync(join(home, "model-00002-of-00002.safetensors"));
  const other = new Map([...tensors].map(([name, { shape, data }]) => [name, hostTensor(data.map(() => 9) as Float32Array, shape)]));
  await expect(saveShards(home, other, { maximumBytes: 16 })).rejects.toThrow(CheckpointError);
  await expect(loadSafetensors(index)).rejects.toThrow(/index\.json: could not be opened/);
  // What cannot be laid out takes nothing away.
  const whole = join(folder, "whole");
  await saveShards(whole, tensors);
  await expect(saveShards(whole, new Map([["constructor", tensors.get("w")!]]))).rejects.toThrow(CheckpointError);
  expect((await loadSafetensors(join(whole, "model.safetensors.index.json"))).size).toBe(2);
});

test("what a killed process of the same number has left is not in the way", async () => {
  const home = join(folder, "container");
  const path = join(home, "model.safetensors");
  await saveSafetensors(path, tensors);
  for (let i = 0; i < 100; i++) writeFileSync(join(home, `.model.safetensors.${process.pid}-${i}.tmp`), "cut off");
  await saveSafetensors(path, tensors);
  expect((await loadFile(path)).tensors.size).toBe(2);
});

test("a folder that cannot be made is a CheckpointError with the path", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await expect(saveSafetensors(join(file, "model.safetensors"), tensors)).rejects.toThrow(
    /model\.safetensors: could not be written: E(EXIST|NOTDIR)/,
  );
});

test("a process killed in the middle of writing leaves the last good file", async () => {
  const path = join(folder, "killed", "model.safetensors");
  await saveSafetensors(path, tensors);
  // Writes the same file over and over, and is killed without warning.
  const script = join(folder, "writer.mts");
  writeFileSync(
    script,
    `import { saveSafetensors } from ${JSON.stringify(new URL("./files.ts", import.meta.url).href)};
     const data = new Float32Array(2 ** 20).fill(1);
     console.log("started");
     for (;;) await saveSafetensors(${JSON.stringify(path)}, new Map([["w", { shape: [data.length], dtype: "float32", data }]]));`,
  );
  const root = new URL("../../../../", import.meta.url);
  for (const delay of [20, 55]) {
    const child = execFile(process.execPath, ["--conditions=@dl/source", "--import", "tsx", script], { cwd: root });
    await new Promise((resolve) => child.stdout!.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, delay));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    const { shape } = (await loadSafetensors(path)).get("w")!;
    expect([[2, 2], [2 ** 20]]).toContainEqual(shape);
  }
});
