import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { ResNet, resnet20 } from "@dl/cnn";
import { type HostTensor, hostTensor, openDevice, Rng, softmax, tensor } from "@dl/core";
import { arrayDataset, batches, map } from "@dl/data";
import { inference } from "@dl/nn";
import { RunFolder } from "@dl/train/node";
import { afterAll, describe, expect, test } from "vitest";
import { maskedCifar10 } from "./masked-cifar10.ts";
import type { LabelledImages, RecipeData } from "./recipe.ts";
import { quarterTurns, rotationCifar10 } from "./rotation-cifar10.ts";
import { answeredBy } from "./self-distillation.ts";
import { type SelfSupervisedPreset, selfSupervised } from "./self-supervised.ts";
import { simclrCifar10 } from "./simclr-cifar10.ts";
import type { TaskRun } from "./task-recipe.ts";
import { twoViews } from "./two-views.ts";

const rng = new Rng(8);
const scratch = mkdtempSync(join(tmpdir(), "dl-self-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Stripes across, or up and down: what no single pixel tells. Lighter below, so that it shows which side is up. */
function stripes(count: number, rng: Rng): LabelledImages {
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  const noise = rng.uniform([count, 16, 16, 3], 0, 0.3).data;
  const data = Float32Array.from(noise, (value, i) => {
    const [image, y, x] = [Math.floor(i / 768), Math.floor(i / 48) % 16, Math.floor(i / 3) % 16];
    return value + ((labels[image] === 0 ? y : x) % 4 < 2 ? 0.6 : 0) + y / 40;
  });
  return arrayDataset(
    { images: hostTensor(data, [count, 16, 16, 3]), labels: hostTensor(labels, [count]) },
    { classNames: ["across", "along"] },
  );
}
const data: RecipeData = {
  name: "stripes",
  classNames: ["across", "along"],
  imageShape: [16, 16, 3],
  load: async (split) => stripes(split === "train" ? 50 : 20, rng.fork(split)),
};

describe.each([simclrCifar10, maskedCifar10, rotationCifar10])("$name", ({ name, title, presets }) => {
  const preset: SelfSupervisedPreset = {
    ...presets[0],
    data,
    encoder: (rng) => new ResNet({ ...resnet20, depths: [0, 1, 1, 1], width: 16, classes: 2, rng }),
    shares: [
      { share: 0.2, epochs: 1, distillation: { rounds: 2, epochs: 1 } },
      { share: 1, epochs: 1 },
    ],
  };
  const recipe = selfSupervised({ name, title, presets: [preset] });
  const settings = { seed: 1, epochs: 2, batchSize: 20, learningRate: 2e-3, limit: null, backend: "wasm", threads: 1 };
  const run: TaskRun<SelfSupervisedPreset> = { recipe, preset, settings };

  test("learns from images, and measures probe, fine-tuning and training from scratch with each share of the labels", async () => {
    await using device = await openDevice(wasm({ threads: 1 }));
    const path = join(scratch, name);
    const { signal } = new AbortController();
    let metrics: Readonly<Record<string, number>>;
    {
      await using folder = await RunFolder.open(path);
      const result = await recipe.train(run, { device, folder, resume: false, signal });
      expect(result.history.map(({ metrics }) => metrics.loss!).every(Number.isFinite)).toBe(true);
      expect(result.history[1]!.metrics.loss).toBeLessThan(result.history[0]!.metrics.loss!);
      metrics = result.metrics!;
    }
    const names = ["probe", "finetuned", "scratch"].flatMap((kind) => [`test/${kind} 20 %`, `test/${kind} 100 %`]);
    const gains = ["gain over scratch 20 %", "gain over scratch 100 %", "distilled gain over scratch 20 %"];
    expect(Object.keys(metrics).sort()).toEqual([...names, "test/distilled 20 %", ...gains].sort());
    expect(metrics["gain over scratch 20 %"]).toBe(metrics["test/finetuned 20 %"]! - metrics["test/scratch 20 %"]!);
    expect(metrics["distilled gain over scratch 20 %"]).toBe(metrics["test/distilled 20 %"]! - metrics["test/scratch 20 %"]!);
    // Two classes: a network that only guesses gets one half.
    expect(metrics["test/probe 100 %"]).toBeGreaterThan(0.8);
    expect(await recipe.evaluate(run, { device, signal, folder: path })).toEqual({ "test/probe": metrics["test/probe 100 %"] });
    // A run that had come so far measures only what is missing, and gets the same.
    {
      await using folder = await RunFolder.open(path, { resume: true });
      const {
        "finetuned 100 %": _,
        "distilled 20 %": __,
        ...kept
      } = JSON.parse(readFileSync(join(path, "transfer.json"), "utf8")) as Record<string, number>;
      await folder.write("transfer.json", JSON.stringify(kept));
      expect((await recipe.train(run, { device, folder, resume: true, signal })).metrics).toEqual(metrics);
    }
    expect(device.memory().buffers).toBe(0);
  }, 120_000);
});

describe("quarterTurns", () => {
  const turned = (image: HostTensor, seed: number): { images: HostTensor; turns: HostTensor } =>
    batches(arrayDataset({ images: image }), { batchSize: image.shape[0]!, transform: quarterTurns, rng: new Rng(seed) }).at(0) as never;

  test("by hand: 1 2 / 3 4 turned anticlockwise by as many quarters as it says", () => {
    const images = hostTensor(
      Float32Array.from({ length: 160 }, (_, i) => (i % 4) + 1),
      [40, 2, 2, 1],
    );
    const { images: seen, turns } = turned(images, 1);
    const expected = ["1234", "2413", "4321", "3142"];
    const told = Array.from(turns.data, (turn, row) => [seen.data.slice(4 * row, 4 * row + 4).join(""), expected[turn]]);
    for (const [got, wanted] of told) expect(got).toBe(wanted);
    expect(new Set(turns.data)).toEqual(new Set([0, 1, 2, 3]));
  });
});

test("answers to images are probabilities, those the network gives, and the same for a mirror image", async () => {
  await using device = await openDevice(wasm({ threads: 1 }));
  const { signal } = new AbortController();
  using teacher = new ResNet({ ...resnet20, depths: [0, 1, 1, 1], width: 8, classes: 2, rng: new Rng(5) });
  const dataset = stripes(6, new Rng(6));
  const mirrored = map(dataset, ({ images, labels }) => {
    const data = images.data.map((_, i) => images.data[Math.floor(i / 48) * 48 + (15 - (Math.floor(i / 3) % 16)) * 3 + (i % 3)]!);
    return { images: hostTensor(data as Float32Array, images.shape), labels };
  });
  const work = { device, signal, transform: () => {} };
  const [answered, ofMirrored] = [
    await answeredBy(teacher, { ...work, dataset }),
    await answeredBy(teacher, { ...work, dataset: mirrored }),
  ];
  const askedOf = (images: HostTensor): Promise<HostTensor> =>
    device.compute(() => softmax(teacher.forward(tensor({ ...images, shape: [1, 16, 16, 3] }), inference))) as Promise<HostTensor>;
  for (let i = 0; i < 6; i++) {
    const { images, labels } = answered.get(i);
    expect(images).toEqual(dataset.get(i).images);
    expect(labels.shape).toEqual([2]);
    expect(labels.data[0]! + labels.data[1]!).toBeCloseTo(1, 6);
    const [own, other] = [await askedOf(images), await askedOf(mirrored.get(i).images)];
    expect(labels.data[0]).toBeCloseTo((own.data[0]! + other.data[0]!) / 2, 6);
    expect(ofMirrored.get(i).labels.data[0]).toBeCloseTo(labels.data[0]!, 6);
  }
});

test("too few images for the smallest share of the labels are refused before anything is learned", async () => {
  await using device = await openDevice(wasm({ threads: 1 }));
  await using folder = await RunFolder.open(join(scratch, "few"));
  const preset: SelfSupervisedPreset = { ...simclrCifar10.presets[0], data };
  const recipe = selfSupervised({ name: "few", title: "Few", presets: [preset] });
  const settings = { seed: 1, epochs: 1, batchSize: 20, learningRate: 2e-3, limit: 40, backend: "wasm", threads: 1 };
  await expect(
    recipe.train({ recipe, preset, settings }, { device, folder, resume: false, signal: new AbortController().signal }),
  ).rejects.toThrow("few: expected images enough that 1 % of them are one at least, got 40. Take a larger --limit, such as 1000.");
});

describe("twoViews", () => {
  const viewsOf = (image: HostTensor, seed: number, options = {}): { first: HostTensor; second: HostTensor } => {
    const dataset = arrayDataset({ images: image });
    return batches(dataset, { batchSize: image.shape[0]!, transform: twoViews(options), rng: new Rng(seed) }).at(0) as never;
  };
  const images = rng.fork("views").uniform([30, 8, 8, 3]);

  test("are two, of the same shape, in [0, 1], and the same again for the same seed", () => {
    const { first, second } = viewsOf(images, 1);
    expect([first.shape, second.shape]).toEqual([images.shape, images.shape]);
    expect(first.data).not.toEqual(second.data);
    for (const { data } of [first, second]) expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(viewsOf(images, 1)).toEqual({ ...viewsOf(images, 1), first, second });
    expect(viewsOf(images, 2).first.data).not.toEqual(first.data);
  });

  test("of the whole image without changes of colour, most are the image or its mirror image, in colour or grey", () => {
    const { first } = viewsOf(images, 3, { area: [1, 1], strength: 0 });
    // An aspect ratio other than 1 cannot show all: compare the mean colour, which every such view keeps roughly.
    let grey = 0;
    for (let row = 0; row < 30; row++) {
      const view = first.data.slice(192 * row, 192 * row + 192);
      const pixels = Array.from({ length: 64 }, (_, i) => [view[3 * i]!, view[3 * i + 1]!, view[3 * i + 2]!]);
      if (pixels.every(([r, g, b]) => Math.abs(r! - g!) < 1e-6 && Math.abs(g! - b!) < 1e-6)) grey++;
    }
    // Binomial(30, 0.2): mean 6, deviation 2.2.
    expect(grey).toBeGreaterThan(0);
    expect(grey).toBeLessThan(15);
  });

  test("a grey image stays grey: hue and saturation turn and scale the difference from it", () => {
    const shade = hostTensor(new Float32Array(10 * 192).fill(0.5), [10, 8, 8, 3]);
    const { data } = viewsOf(shade, 4).first;
    for (let i = 0; i < data.length; i += 3) {
      expect(data[i + 1]).toBeCloseTo(data[i]!, 5);
      expect(data[i + 2]).toBeCloseTo(data[i]!, 5);
    }
  });
});
