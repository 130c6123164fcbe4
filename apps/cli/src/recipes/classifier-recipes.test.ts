import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import type { ImageClassifier } from "@dl/cnn";
import { type HostTensor, hostTensor, openDevice, Rng, softmax, tensor } from "@dl/core";
import { normalize } from "@dl/data";
import { cifar10Statistics, mnistStatistics } from "@dl/data/node";
import { inference, readState, writeSafetensors } from "@dl/nn";
import { encodePng, pixelsOf } from "@dl/train";
import { RunFolder } from "@dl/train/node";
import { ViT } from "@dl/transformer";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { dlHere, type Ended } from "../dl-fixture.ts";
import { formatRunFile } from "../run-file.ts";
import { distilCifar10 } from "./distil-cifar10.ts";
import { writeModelFolder } from "./model-folder.ts";
import { privateMnist, TanhNetwork } from "./private-mnist.ts";
import type { TaskPreset, TaskRecipe } from "./task-recipe.ts";
import { vitCifar10 } from "./vit-cifar10.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-classifiers-"));
const at = (...names: string[]): string => join(scratch, ...names);
afterAll(() => rmSync(scratch, { recursive: true }));
const device = ["--backend", "wasm", "--threads", "1", "--json"];
const rng = new Rng(4);

/** What the four recipes' runs are, but for training: first weights answer, too. */
interface Subject {
  readonly recipe: Pick<TaskRecipe<TaskPreset>, "name" | "presets">;
  readonly shape: readonly [number, number, number];
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
  readonly model: () => ImageClassifier;
  readonly write: (model: ImageClassifier, folder: RunFolder) => Promise<void>;
}

const writeState: Subject["write"] = async (model, folder) => {
  await folder.write("model.safetensors", writeSafetensors(await readState(model)));
};
const subjects: readonly Subject[] = [
  {
    recipe: distilCifar10,
    ...{ shape: [32, 32, 3], statistics: cifar10Statistics, write: writeState },
    model: () => distilCifar10.presets[0].student(rng.fork("student")),
  },
  {
    recipe: privateMnist,
    ...{ shape: [28, 28, 1], statistics: mnistStatistics, write: writeState },
    model: () => new TanhNetwork(rng.fork("private")),
  },
  {
    recipe: vitCifar10,
    ...{ shape: [32, 32, 3], statistics: cifar10Statistics },
    write: (model, folder) => writeModelFolder(model as ViT, { folder, reason: "finished" }),
    model: () => {
      const labels = Array.from({ length: 10 }, (_, i) => `class ${i}`);
      return new ViT({ ...vitCifar10.presets[0].network, labels, deviation: 0.3, rng: rng.fork("vit") });
    },
  },
];

async function writeRun({ recipe, write }: Subject, model: ImageClassifier): Promise<string> {
  const path = at(recipe.name);
  await using folder = await RunFolder.open(path);
  const [preset] = recipe.presets;
  const settings = { ...preset.defaults, seed: 1, limit: 16, backend: "auto", threads: null };
  await folder.write("run.json", formatRunFile({ recipe, preset, settings } as never));
  await write(model, folder);
  return path;
}

const probabilitiesIn = ({ stdout }: Ended): number[] => {
  const [{ classes }] = (JSON.parse(stdout) as { predictions: [{ classes: { name: string; probability: number }[] }] }).predictions;
  return classes.map(({ probability }) => probability);
};

describe.each(subjects.map((subject) => [subject.recipe.name, subject] as const))("a run of %s", (name, subject) => {
  const { shape, statistics } = subject;
  const bytes = rng.fork(`${name} image`).integers([...shape], 0, 256);
  const image = hostTensor(
    Float32Array.from(bytes.data, (byte) => byte / 255),
    [...shape],
  );

  test("classifies an image by the network's own forward pass, here and as an ONNX file", async () => {
    using model = subject.model();
    const run = await writeRun(subject, model);
    writeFileSync(at(`${name}.png`), encodePng(pixelsOf(image)));
    const predicted = await dlHere("predict", run, at(`${name}.png`), "--top", "10", ...device);
    expect(predicted, predicted.stderr).toMatchObject({ code: 0 });

    const batch = { images: { ...image, shape: [1, ...shape], data: image.data.slice() } };
    normalize(statistics)(batch as never, undefined as never);
    await using own = await openDevice(wasm({ threads: 1 }));
    const { data } = (await own.compute(() => softmax(model.forward(tensor(batch.images), inference)))) as HostTensor;
    const expected = [...data].sort((a, b) => b - a);
    expect(expected[0]! - expected[9]!).toBeGreaterThan(1e-3);
    for (const [i, probability] of probabilitiesIn(predicted).entries()) expect(probability).toBeCloseTo(expected[i]!, 6);

    expect(await dlHere("export", run, "--to", "onnx")).toMatchObject({ code: 0 });
    const session = await InferenceSession.create(join(run, "model.onnx"));
    const { probabilities } = await session.run({ images: new OrtTensor("float32", image.data as Float32Array, [1, ...shape]) });
    await session.release();
    for (const [i, probability] of data.entries()) expect((probabilities!.data as Float32Array)[i]).toBeCloseTo(probability, 4);
  });

  test("is made smaller by weights alone, and answers as before but for the rounding", async () => {
    const before = probabilitiesIn(await dlHere("predict", at(name), at(`${name}.png`), "--top", "10", ...device));
    const words = ["--quantise", "int4", "--out", at(`${name}-int4`)];
    const compressed = await dlHere("compress", at(name), ...words, ...device);
    expect(compressed, compressed.stderr).toMatchObject({ code: 0 });
    const predicted = await dlHere("predict", at(`${name}-int4`), at(`${name}.png`), "--top", "10", ...device);
    expect(predicted, predicted.stderr).toMatchObject({ code: 0 });
    const after = probabilitiesIn(predicted);
    expect(after).not.toEqual(before);
    expect(Math.max(...after.map((probability, i) => Math.abs(probability - before[i]!)))).toBeLessThan(0.3);
  });
});

test("a network trained in private is not shown its images again: what would do so is refused", async () => {
  for (const words of [
    ["--quantise", "int8"],
    ["--prune", "0.5", "--epochs", "1"],
  ]) {
    const refused = await dlHere("compress", at("private-mnist"), ...words, "--out", at("leak"), ...device);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("expected work that sees no training image") });
  }
  const pruned = await dlHere("compress", at("private-mnist"), "--prune", "0.5", "--epochs", "0", "--out", at("pruned"), ...device);
  expect(pruned, pruned.stderr).toMatchObject({ code: 0 });
});

test("a run that classifies no images says so", async () => {
  const [preset] = vitCifar10.presets;
  const settings = { ...preset.defaults, seed: 1, limit: null, backend: "auto", threads: null };
  mkdirSync(at("gpt"));
  const text = formatRunFile({ recipe: vitCifar10, preset, settings }).replace("vit-cifar10", "gpt-shakespeare");
  writeFileSync(at("gpt", "run.json"), text);
  for (const command of ["serve", "compress"]) {
    const ended = await dlHere(command, at("gpt"), ...(command === "compress" ? ["--quantise", "int8"] : []), ...device.slice(0, 4));
    expect(ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("expected a run that classifies images, got one of gpt-shakespeare"),
    });
  }
});
