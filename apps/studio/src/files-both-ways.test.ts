/** Runs that the studio exports, read by `dl`, and folders of `dl train`, opened here: a row of the README's table each. */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { dlHere } from "@dl/cli/testing";
import { type Device, openDevice, Rng } from "@dl/core";
import { arrayDataset, decodeImage, normalize, take } from "@dl/data";
import { mnist, mnistClasses, mnistStatistics } from "@dl/data/node";
import { drawLatents } from "@dl/gan";
import { readState, writeSafetensors } from "@dl/nn";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabelledBytes } from "./data/shard-format.ts";
import type { OpenJob } from "./engine/job.ts";
import { Pacer } from "./engine/pacer.ts";
import type { JobContract, RunFiles } from "./engine/protocol.ts";
import type { ClassifyEvent } from "./panels/classify/contract.ts";
import { openClassify } from "./panels/classify/job.ts";
import { readRunJson } from "./panels/classify/run-json.ts";
import type { GenerateSettings } from "./panels/generate/contract.ts";
import { denoiserOf } from "./panels/generate/denoiser.ts";
import { openGenerate } from "./panels/generate/job.ts";
import { writeGenerateRun } from "./panels/generate/run-json.ts";
import { openPlay } from "./panels/play/job.ts";
import { openWrite } from "./panels/write/job.ts";
import { unzipRun, zipRun } from "./storage/run-archive.ts";

const scratch = await mkdtemp(join(tmpdir(), "dl-both-ways-"));
let device: Device;
beforeAll(async () => {
  device = await openDevice(wasm({ threads: 1 }));
});
afterAll(async () => {
  await device[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

/** Runs a job until `isEnough`, and gives its files as an export's zip brings them. */
async function exported<C extends JobContract>(
  open: OpenJob<C>,
  {
    settings,
    payload,
    files,
    isEnough = () => false,
  }: { settings: C["settings"]; payload: C["payload"]; files?: RunFiles; isEnough?: (event: C["event"]) => boolean },
): Promise<{ readonly files: RunFiles; readonly events: readonly C["event"][] }> {
  const controller = new AbortController();
  const events: C["event"][] = [];
  await using job = await open({
    ...{ device, pacer: new Pacer(), settings, payload, files, signal: controller.signal },
    emit(event) {
      events.push(event);
      if (isEnough(event)) controller.abort();
    },
  });
  await job.run();
  return { files: unzipRun(new Map([["run.zip", zipRun("run", (await job.files())!)]])), events };
}

async function inFolder(name: string, files: RunFiles): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(folder);
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, file), bytes);
  return folder;
}

async function dl(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await dlHere(...words);
  expect(code, stderr).toBe(0);
  return stdout;
}

test("Write: dl generate goes on from a prompt", async () => {
  const text = "the cat sat on the mat and the dog sat on the log. ".repeat(12);
  const { files } = await exported(openWrite, {
    settings: { text: "own", size: "tiny", steps: 1, batchSize: 2, learningRate: 0.003, seed: 1, rank: 0 },
    payload: { title: "a text", text },
  });
  const folder = await inFolder("write", files);
  const told = JSON.parse(await dl("generate", folder, "--prompt", "the cat", "--tokens", "9", "--backend", "cpu", "--json"));
  expect(told.tokens).toBe(9);
  expect(told.text).toMatch(/^the cat[ acdeghlmnost.]{9}$/);
});

test("Play: dl watch films the agent, and dl resume brings it to its end", async () => {
  const { files } = await exported(openPlay, {
    settings: { task: "ppo-cartpole", steps: 1000, seed: 2 },
    payload: undefined,
    isEnough: ({ kind }) => kind === "log",
  });
  const folder = await inFolder("play", files);
  const film = join(scratch, "film.html");
  const watched = JSON.parse(await dl("watch", folder, "--out", film, "--width", "40", "--backend", "cpu", "--json"));
  expect(watched).toMatchObject({ task: "ppo-cartpole", return: expect.any(Number) });
  expect(existsSync(film)).toBe(true);
  const resumed = JSON.parse(await dl("resume", folder, "--backend", "cpu", "--json"));
  expect(resumed.steps).toBeGreaterThanOrEqual(1000);
});

const generateSettings: GenerateSettings = {
  ...{ set: "mnist", method: "dcgan", size: "full", epochs: 1, batchSize: 8, learningRate: 2e-4, count: 8, seed: 1 },
};
const grey: LabelledBytes = {
  images: new Uint8Array(8 * 784).map((_, at) => at % 255),
  labels: Uint8Array.from({ length: 8 }, (_, i) => i),
};

test.each(["dcgan", "wgan-gp"] as const)("Generate: dl sample and dl interpolate draw with the generator of a %s", async (method) => {
  const { files } = await exported(openGenerate, { settings: { ...generateSettings, method }, payload: { title: "grey", train: grey } });
  const folder = await inFolder(method, files);
  const out = join(scratch, `samples of ${method}`);
  await dl("sample", folder, "--count", "2", "--out", out, "--threads", "1");
  expect(await readdir(out)).toEqual(["00000.png", "00001.png"]);
  const walk = join(scratch, `walk of ${method}.png`);
  await dl("interpolate", folder, "--rows", "1", "--steps", "3", "--out", walk, "--threads", "1");
  const { width, height } = decodeImage(await readFile(walk), { name: "walk" });
  expect([width, height]).toEqual([3 * 30 - 2, 28]);
});

test("Generate: dl sample draws with a diffusion model what the studio draws of the same noise", async () => {
  const settings: GenerateSettings = { ...generateSettings, method: "ddpm" };
  const { images, labels } = (await mnist({ split: "test" })).columns;
  const dataset = take(arrayDataset({ images, labels }), 8) as never;
  using artist = denoiserOf({
    ...{ device, settings, dataset, transform: normalize({ mean: [0.5], standardDeviation: [0.5] }) },
    ...{ rng: new Rng(1), signal: new AbortController().signal, emit: () => undefined },
  });
  await artist.fit({ callbacks: [], resume: undefined });
  const folder = await inFolder("diffusion", {
    "run.json": writeGenerateRun(settings, artist.recipe),
    "model.safetensors": writeSafetensors(await readState(artist.generator)) as Uint8Array<ArrayBuffer>,
  });
  const out = join(scratch, "diffused");
  await dl("sample", folder, "--count", "1", "--seed", "5", "--out", out, "--threads", "1");
  const theirs = decodeImage(await readFile(join(out, "00000.png")), { name: "diffused" });
  const latents = drawLatents(1, { size: 784, rng: new Rng(5).fork("sample") });
  const ours = await artist.draw(latents, { isHurried: false });
  // Rounded to bytes, here as there; a file may hold grey in several channels.
  const channels = theirs.data.length / ours.data.length;
  const apart = Array.from(ours.data, (value, at) => Math.abs(theirs.data[at * channels]! - 127.5 * (value + 1)));
  expect(Math.max(...apart)).toBeLessThanOrEqual(1);
});

test("Classify: a folder of dl train opens as it was, with the accuracy that dl measured, and dl evaluates what comes back alike", async () => {
  const folder = join(scratch, "trained");
  const words = ["--limit", "200", "--epochs", "2", "--batch-size", "50", "--seed", "3", "--threads", "1"];
  const line = JSON.parse(await dl("train", "lenet-mnist", ...words, "--out", folder, "--json"));
  const names = ["run.json", "model.safetensors", "checkpoint.safetensors"];
  const read = async (name: string) => [name, Uint8Array.from(await readFile(join(folder, name)))] as const;
  const picked = unzipRun(new Map(await Promise.all(names.map(read))));
  const { settings } = readRunJson(picked);
  expect(settings).toMatchObject({ set: "mnist", network: "lenet", epochs: 2, batchSize: 50, seed: 3, count: 200 });

  const first = async (split: "train" | "test"): Promise<LabelledBytes> => {
    const { images, labels } = (await mnist({ split })).columns;
    if (!("bytes" in images) || "bytes" in labels) throw new Error("expected images kept as bytes, and labels as numbers");
    return { images: images.bytes.slice(0, 200 * 784), labels: Uint8Array.from(labels.data.subarray(0, 200)) };
  };
  const payload = {
    ...{ title: "MNIST", classNames: mnistClasses, shape: [28, 28, 1] as const, statistics: mnistStatistics },
    ...{ train: await first("train"), test: await first("test") },
  };
  const opened = await exported(openClassify, { settings, payload, files: picked });
  const test = opened.events.findLast((event): event is Extract<ClassifyEvent, { kind: "test" }> => event.kind === "test")!;
  expect(test.accuracy).toBeCloseTo(line.metrics["test/accuracy"], 6);
  expect(opened.events.some(({ kind }) => kind === "step")).toBe(false);
  const back = JSON.parse(await dl("evaluate", await inFolder("back", opened.files), "--threads", "1", "--json"));
  expect(back.metrics["test/accuracy"]).toBe(line.metrics["test/accuracy"]);
});
