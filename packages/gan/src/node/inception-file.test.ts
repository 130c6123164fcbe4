import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type HostTensor, Rng } from "@dl/core";
import { readState, readTensors, writeSafetensors } from "@dl/nn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FeatureNetwork } from "../scores/feature-network.ts";
import { inceptionFrom, openExtractor } from "./inception-file.ts";

const fixture = fileURLToPath(new URL("../../fixtures/inception/model.safetensors", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dl-inception-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("the extractor is named by its file and the start of the file's SHA-256, and may be told which form it is", async () => {
  const digest = createHash("sha256")
    .update(await readFile(fixture))
    .digest("hex");
  using extractor = await inceptionFrom(fixture);
  expect(extractor.name).toBe(
    `torchvision's Inception-v3 with 0.0625 of the channels, weights model.safetensors (sha256 ${digest.slice(0, 8)})`,
  );
  using other = await inceptionFrom(fixture, { variant: "fid" });
  expect(other.name).toMatch(/^Inception-v3 of FID with/);
});

test("a file that torch.save wrote is read as the safetensors of the same tensors are", async () => {
  const path = join(folder, "model.pth");
  await copyFile(fileURLToPath(new URL("../../fixtures/inception/model.pth", import.meta.url)), path);
  using extractor = await openExtractor(path);
  expect(extractor.name).toMatch(/weights model\.pth \(sha256 [0-9a-f]{8}\)$/);
  const [tensors, state]: [ReadonlyMap<string, HostTensor>, ReadonlyMap<string, HostTensor>] = [
    readTensors(await readFile(fixture)),
    await readState(extractor.network),
  ];
  expect(state.get("head.bias")!.data).toEqual(tensors.get("fc.bias")!.data);
});

test("which kind of extractor a file holds is told by its tensors", async () => {
  using inception = await openExtractor(fixture);
  expect([inception.size, inception.network.channels]).toEqual([128, 3]);
  using network = new FeatureNetwork({ channels: 1, classes: 4, rng: new Rng(1) });
  const path = join(folder, "network.safetensors");
  await writeFile(path, writeSafetensors(await readState(network), { metadata: { data: "shapes", accuracy: "0.75" } }));
  using trained = await openExtractor(path);
  expect([trained.name, trained.network.channels]).toEqual(["FeatureNetwork on shapes, test accuracy 75.00 %", 1]);
});

test("other, broken and missing files are named", async () => {
  const path = join(folder, "broken.safetensors");
  await writeFile(path, (await readFile(fixture)).subarray(0, 100_000));
  await expect(inceptionFrom(path)).rejects.toThrow(/broken\.safetensors/);
  await expect(openExtractor(path)).rejects.toThrow(/broken\.safetensors/);
  await writeFile(join(folder, "old.pth"), "no archive");
  await expect(openExtractor(join(folder, "old.pth"))).rejects.toThrow(/expected .*old\.pth to be what torch\.save writes/);
  await expect(inceptionFrom(join(folder, "none.pth"))).rejects.toThrow(/none\.pth: could not be opened/);
  await writeFile(path, writeSafetensors(new Map([["a", new Rng(1).normal([2])]])));
  await expect(inceptionFrom(path)).rejects.toThrow("broken.safetensors (sha256");
  await expect(openExtractor(path)).rejects.toThrow("expected the weights of an extractor");
});
