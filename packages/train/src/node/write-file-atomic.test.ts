import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mountSmallDisk } from "../../fixtures/full-disk.ts";
import { FileError } from "./file-error.ts";
import { isTemporary, writeFileAtomic } from "./write-file-atomic.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dl-atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("text, bytes, chunks, and over an old file; nothing else stays behind", async () => {
  const path = join(folder, "file");
  await writeFileAtomic(path, "größe");
  expect(readFileSync(path, "utf8")).toBe("größe");
  await writeFileAtomic(path, Uint8Array.of(1, 2));
  expect([...readFileSync(path)]).toEqual([1, 2]);
  await writeFileAtomic(path, [Uint8Array.of(3), Uint8Array.of(4, 5)]);
  expect([...readFileSync(path)]).toEqual([3, 4, 5]);
  expect(readdirSync(folder)).toEqual(["file"]);
});

/** Makes the next call of a file's method fail as the system would. */
async function failNext(method: "writeFile" | "sync", code: string): Promise<void> {
  const probe = await open(join(folder, "probe"), "w");
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  rmSync(join(folder, "probe"));
  vi.spyOn(prototype, method).mockRejectedValueOnce(Object.assign(new Error(`${code}: simulated`), { code }));
}

test.each([
  ["writeFile", "ENOSPC", /the disk is full \(ENOSPC\)\. Free some space/],
  ["sync", "EDQUOT", /quota is used up/],
] as const)("when %s fails with %s, the old file is as it was", async (method, code, message) => {
  const path = join(folder, "file");
  writeFileSync(path, "old");
  await failNext(method, code);
  const failure = await writeFileAtomic(path, "new").catch((error: unknown) => error);
  vi.restoreAllMocks();
  expect(failure).toBeInstanceOf(FileError);
  expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("when the chunks fail halfway, the old file is as it was", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "old");
  function* chunks(): Generator<Uint8Array> {
    yield Uint8Array.of(1);
    throw new Error("the device went away");
  }
  await expect(writeFileAtomic(path, chunks())).rejects.toThrow("the device went away");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("a missing folder is a clear error", async () => {
  await expect(writeFileAtomic(join(folder, "no", "file"), "x")).rejects.toThrow(/expected to write .+no\/file.+ENOENT/);
});

test("the temporary file of a killed process is known by its name, a user's file is not", () => {
  expect(isTemporary(".model.safetensors.123-4.tmp")).toBe(true);
  expect(isTemporary("notes.tmp")).toBe(false);
});

test("a disk that is really full: clear error, last good file intact", async ({ skip }) => {
  const disk = mountSmallDisk();
  if (disk === undefined) return skip("a small disk can be mounted on Linux, as root");
  const path = join(disk.path, "file");
  try {
    await writeFileAtomic(path, "good");
    await expect(writeFileAtomic(path, new Uint8Array(1 << 20))).rejects.toThrow("the disk is full (ENOSPC)");
    expect(readFileSync(path, "utf8")).toBe("good");
    expect(readdirSync(disk.path)).toEqual(["file"]);
  } finally {
    disk.unmount();
  }
});
