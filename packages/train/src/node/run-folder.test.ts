import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunFolder } from "./run-folder.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dl-run-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

test("a new folder, its parents, and files in it", async () => {
  const run = await RunFolder.open(join(parent, "a", "b"));
  await run.write("samples/grid.txt", "x");
  expect(readFileSync(join(parent, "a", "b", "samples", "grid.txt"), "utf8")).toBe("x");
  expect(run.file("samples", "grid.txt")).toBe(join(parent, "a", "b", "samples", "grid.txt"));
  await run.close();
  expect(readdirSync(run.path)).toEqual(["samples"]);
});

test("a folder with files is refused and left as it is, unless the run is resumed", async () => {
  for (const name of ["a", "b", "c", "d"]) writeFileSync(join(parent, name), "");
  await expect(RunFolder.open(parent)).rejects.toThrow(/to be new or empty, but it holds a, b, c and 1 more\. Resume that run/);
  expect(readdirSync(parent)).toEqual(["a", "b", "c", "d"]);
  await using run = await RunFolder.open(parent, { resume: true });
  expect(run.path).toBe(parent);
});

test("there must be something to resume", async () => {
  await expect(RunFolder.open(join(parent, "no"), { resume: true })).rejects.toThrow(
    /expected a run to resume at .+no, but nothing is there/,
  );
  expect(existsSync(join(parent, "no"))).toBe(false);
  await expect(RunFolder.open(parent, { resume: true })).rejects.toThrow("but the folder is empty");
});

test("resuming removes what a killed process had begun to write", async () => {
  writeFileSync(join(parent, ".model.safetensors.1-0.tmp"), "half");
  writeFileSync(join(parent, "model.safetensors"), "good");
  await using run = await RunFolder.open(parent, { resume: true });
  expect(readdirSync(run.path).filter((name) => name !== ".lock")).toEqual(["model.safetensors"]);
});

test("a file in the way is a clear error", async () => {
  writeFileSync(join(parent, "file"), "");
  await expect(RunFolder.open(join(parent, "file"))).rejects.toThrow(/expected to make the folder .+file/);
  await expect(RunFolder.open(join(parent, "file", "run"))).rejects.toThrow("ENOTDIR");
});

test("two runs in one folder: the second is told who is there, and the first goes on", async () => {
  await using first = await RunFolder.open(join(parent, "run"));
  await expect(RunFolder.open(first.path)).rejects.toThrow(`process ${process.pid} on ${hostname()} holds`);
  await first.write("model", "x");
  await expect(RunFolder.open(first.path, { resume: true })).rejects.toThrow("expected nobody at work here");
  await first.close();
  await using again = await RunFolder.open(first.path, { resume: true });
  expect(again.path).toBe(first.path);
});

/** A process that holds `seconds` of nothing, and its id. */
async function sleeper(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["-e", "console.log('up'); setTimeout(() => {}, 60000)"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout!, "data");
  return child;
}

test("the lock of a killed process is taken over, that of a living one is not", async () => {
  const child = await sleeper();
  const lock = join(parent, ".lock");
  writeFileSync(join(parent, "model"), "x");
  writeFileSync(lock, JSON.stringify({ pid: child.pid, host: hostname() }));
  await expect(RunFolder.open(parent, { resume: true })).rejects.toThrow(`process ${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  await using run = await RunFolder.open(parent, { resume: true });
  expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid });
  await run.close();
  expect(readdirSync(parent)).toEqual(["model"]);
});

test.skipIf(process.platform !== "linux")("another process with the id of a dead one does not hold its lock", async () => {
  writeFileSync(join(parent, "model"), "x");
  writeFileSync(join(parent, ".lock"), JSON.stringify({ pid: process.pid, host: hostname(), started: "an earlier boot:1" }));
  await using run = await RunFolder.open(parent, { resume: true });
  expect(run.path).toBe(parent);
});

test("a lock from another machine, or one nobody can read, is not taken over", async () => {
  mkdirSync(join(parent, "run"));
  const lock = join(parent, "run", ".lock");
  writeFileSync(lock, JSON.stringify({ pid: 1, host: "elsewhere" }));
  await expect(RunFolder.open(join(parent, "run"))).rejects.toThrow("process 1 on elsewhere holds");
  writeFileSync(lock, "");
  await expect(RunFolder.open(join(parent, "run"))).rejects.toThrow(/another process holds .+delete the file/);
});

test("of many that start at once, one gets the folder", async () => {
  const path = join(parent, "run");
  const opened = await Promise.allSettled(Array.from({ length: 8 }, () => RunFolder.open(path)));
  expect(opened.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("next takes the first free number, and runs started at once get different ones", async () => {
  mkdirSync(join(parent, "lenet-2"));
  const runs = await Promise.all(Array.from({ length: 3 }, () => RunFolder.next(parent, "lenet")));
  expect(runs.map(({ path }) => path).sort()).toEqual([1, 3, 4].map((number) => join(parent, `lenet-${number}`)));
  for (const run of runs) await run.close();
  await expect(RunFolder.next(parent, "../x")).rejects.toThrow("expected a plain name");
});
