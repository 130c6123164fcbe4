import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostTensor, hostTensor, Rng, sizeOf } from "@dl/core";
import { decodeImage } from "@dl/data";
import { InceptionV3, inceptionFid } from "@dl/gan";
import { writeSafetensors } from "@dl/nn";
import { encodePng } from "@dl/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dl, dlHere, type Ended } from "./dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-generative-"));
const at = (...names: string[]): string => join(scratch, ...names);
const run = at("run");
let trained: Ended;

beforeAll(async () => {
  // Two steps: what it makes is noise, and all the rest is as in a long run.
  const settings = ["--limit", "70", "--epochs", "2", "--batch-size", "64", "--threads", "1"];
  trained = await dl("train", "cgan-mnist", ...settings, "--out", run, "--json");
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true }));

const metricsIn = ({ stdout }: Ended): Readonly<Record<string, number>> =>
  (JSON.parse(stdout) as { metrics: Readonly<Record<string, number>> }).metrics;

test("a run leaves its generator, scores under the extractor's name, grids, and a moving picture of them", () => {
  expect(trained.code, trained.stderr).toBe(0);
  const metrics = metricsIn(trained);
  expect(metrics["test/frechet"]).toBeGreaterThan(metrics["test/floor"]!);
  expect(metrics["test/conditionalAccuracy"]).toBeGreaterThanOrEqual(0);
  expect(metrics["test/precisionOfReal"]).toBeGreaterThan(metrics["test/precision"]!);
  expect(metrics["test/kernelLow"]).toBeLessThan(metrics["test/kernelHigh"]!);
  for (const name of ["discriminatorLoss", "generatorGradient", "diversity", "validation/frechet"]) expect(metrics).toHaveProperty(name);
  const scores = JSON.parse(readFileSync(join(run, "scores.json"), "utf8")) as { extractor: string; generatedCount: number };
  expect(scores.extractor).toMatch(/^FeatureNetwork on mnist, test accuracy 99\.\d\d %$/);
  expect(scores.generatedCount).toBe(100);
  expect(readdirSync(join(run, "samples"))).toEqual(["epoch-0001.png", "epoch-0002.png"]);
  const grid = decodeImage(readFileSync(join(run, "samples", "epoch-0002.png")), { name: "grid" });
  expect([grid.width, grid.height]).toEqual([10 * 30 - 2, 7 * 30 - 2]); // 64 images, ten classes in a row
  expect(readFileSync(join(run, "progress.png")).includes("acTL")).toBe(true);
  const report = readFileSync(join(run, "report.html"), "utf8");
  for (const chart of ["Gradient norms", "Loss of the discriminator ÷ loss of the generator", "Classes covered"])
    expect(report).toContain(chart);
  const { results } = JSON.parse(readFileSync(join(run, "run.json"), "utf8")).outcome as { results: { name: string; value: number }[] };
  const ratio = results.find(({ name }) => name === "validation/frechetLeft")!.value;
  expect(ratio).toBeGreaterThan(0);
  // Two steps find no ten digits, of which nothing can be said yet.
  expect(trained.stderr).not.toContain("warning");
});

test("a run that has ended is measured again by resume, not trained", async () => {
  const { code, stdout, stderr } = await dlHere("resume", run, "--json");
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).steps).toBe(JSON.parse(trained.stdout).steps);
  expect(metricsIn({ code, stdout, stderr } as Ended)["test/ratio"]).toBe(metricsIn(trained)["test/ratio"]);
});

test("losses that are no numbers are an error, also where only the critic has moved, and no model is written", async () => {
  const out = at("diverged");
  const wild = ["--learning-rate", "1e30", "--limit", "320", "--epochs", "1", "--batch-size", "64", "--threads", "1"];
  const { code, stderr } = await dlHere("train", "wgan-gp-mnist", "--preset", "paper", ...wild, "--out", out);
  expect(code).toBe(1);
  expect(stderr).toMatch(/dl train: expected losses that are numbers\. \w+ is \S+ at step [2-4]: go back to the last checkpoint/);
  expect(existsSync(join(out, "model.safetensors"))).toBe(false);
  // It ended before the first was due.
  expect(existsSync(join(out, "checkpoint.safetensors"))).toBe(false);
  expect(stderr).toContain("There is no checkpoint yet: begin anew.");
}, 60_000);

test("evaluate measures the same again", async () => {
  const again = metricsIn(await dlHere("evaluate", run, "--threads", "1", "--json"));
  for (const [name, value] of Object.entries(again)) expect(metricsIn(trained)[name], name).toBe(value);
});

describe("sample", () => {
  test("writes single files of one class, the same for the same seed", async () => {
    for (const folder of ["a", "b"]) {
      const { code } = await dlHere("sample", run, "--count", "3", "--label", "7", "--out", at(folder), "--threads", "1");
      expect(code).toBe(0);
    }
    expect(readdirSync(at("a"))).toEqual(["00000.png", "00001.png", "00002.png"]);
    for (const name of readdirSync(at("a"))) expect(readFileSync(at("a", name))).toEqual(readFileSync(at("b", name)));
    const { width, height } = decodeImage(readFileSync(at("a", "00000.png")), { name: "a" });
    expect([width, height]).toEqual([28, 28]);
  });

  test("writes a grid, and refuses classes there are not", async () => {
    const { code } = await dlHere("sample", run, "--count", "4", "--truncation", "0.5", "--out", at("grid.png"), "--threads", "1");
    expect(code).toBe(0);
    expect(decodeImage(readFileSync(at("grid.png")), { name: "grid" }).width).toBe(58);
    const wrong = await dlHere("sample", run, "--label", "cat");
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('--label: expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, got "cat"'),
    ]);
  });
});

test("interpolate writes rows, or an animation", async () => {
  const walk = ["interpolate", run, "--rows", "2", "--steps", "5", "--threads", "1"];
  expect((await dlHere(...walk, "--out", at("walk.png"))).code).toBe(0);
  const { width, height } = decodeImage(readFileSync(at("walk.png")), { name: "walk" });
  expect([width, height]).toEqual([5 * 30 - 2, 2 * 30 - 2]);
  expect((await dlHere(...walk, "--animate", "--out", at("moving.png"))).code).toBe(0);
  expect(readFileSync(at("moving.png")).includes("acTL")).toBe(true);
});

describe("score", () => {
  /** Images of random noise: their numbers mean nothing, their order does. */
  const noise = (folder: string, count: number, bright: number): void => {
    mkdirSync(at(folder));
    let state = count + bright;
    for (let i = 0; i < count; i++) {
      const data = Uint8Array.from({ length: 784 }, () => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        return (state >> 16) % bright;
      });
      writeFileSync(at(folder, `${i}.png`), encodePng({ width: 28, height: 28, channels: 1, data }));
    }
  };

  test("images like the real ones are near the floor, others are not, and the extractor is named", async () => {
    noise("real", 140, 256);
    noise("alike", 140, 256);
    noise("dark", 140, 60);
    const ratio = async (folder: string): Promise<number> => {
      const { code, stdout, stderr } = await dlHere("score", at(folder), at("real"), "--threads", "1", "--json");
      expect(code, stderr).toBe(0);
      const scores = JSON.parse(stdout) as { extractor: string; ratio: number };
      expect(scores.extractor).toMatch(/^FeatureNetwork on mnist/);
      return scores.ratio;
    };
    expect(await ratio("alike")).toBeLessThan(2);
    expect(await ratio("dark")).toBeGreaterThan(10);
    // The floor is made of other images: without them, of two halves.
    const { stdout } = await dlHere("score", at("dark"), at("real"), "--threads", "1");
    expect(stdout).toMatch(
      /measured with {6}FeatureNetwork on mnist.*\nimages +140 generated, 140 real; beside them 70 real ones against 70\n/,
    );
    const beside = await dlHere("score", at("dark"), at("real"), "--other-real", at("alike"), "--bootstraps", "10", "--threads", "1");
    expect(beside.stdout).toContain("beside them 140 real ones against 140");
    const interval = String.raw`-?[\d.]+ \(-?[\d.]+ to -?[\d.]+\)`;
    for (const title of [
      "Fréchet distance",
      "kernel distance",
      "Inception Score",
      "precision",
      "recall",
      "classes covered",
      "confidence",
    ]) {
      expect(beside.stdout).toMatch(new RegExp(`^${title} +${interval} +${interval}$`, "m"));
    }
  });

  test("looks through what a run of features-mnist ended with", async () => {
    const trained = await dl("train", "features-mnist", "--limit", "64", "--epochs", "8", "--threads", "1", "--out", at("features"));
    expect(trained.code, trained.stderr).toBe(0);
    const extractor = ["--extractor", at("features", "model.safetensors"), "--threads", "1", "--json"];
    const { stdout, stderr } = await dlHere("score", at("dark"), at("real"), ...extractor);
    expect(JSON.parse(stdout || stderr)).toMatchObject({
      extractor: expect.stringMatching(/^FeatureNetwork on mnist, test accuracy \d+\.\d\d %$/),
    });
  }, 60_000);

  test("looks through Inception-v3, told by its tensors, at grey and at coloured images, and names the file", async () => {
    // One 64th of the channels, with 1,008 classes as FID's: 32 features, for which few images are enough.
    using network = new InceptionV3({ ...inceptionFid, width: 1 / 64 });
    const rng = new Rng(3);
    const state = network.state();
    const tensors = [...network.torchPaths()].map(([name, path]): [string, HostTensor] => {
      const { shape } = state.get(path)!;
      const turned = shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : [...shape].reverse();
      if (name.endsWith("bias")) return [name, rng.uniform(turned)];
      if (shape.length === 1) return [name, hostTensor(new Float32Array(shape[0]!).fill(name.endsWith("running_mean") ? 0 : 1), shape)];
      // About the mean of what it sees, so that nothing is lost on the way through so few channels.
      const share = turned[0]! / sizeOf(shape);
      return [name, rng.uniform(turned, 0.6 * share, 1.5 * share)];
    });
    writeFileSync(at("inception.safetensors"), writeSafetensors(new Map(tensors)));
    const picture = (folder: string, count: number, channels: 1 | 3): void => {
      mkdirSync(at(folder));
      const pixels = new Rng(count).fork(folder);
      for (let i = 0; i < count; i++) {
        const paint = Uint8Array.from({ length: channels }, () => pixels.integer(0, 256));
        const data = Uint8Array.from({ length: 20 * 9 * channels }, (_, at) => (pixels.integer(0, 2) === 0 ? 0 : paint[at % channels]!));
        writeFileSync(at(folder, `${i}.png`), encodePng({ width: 20, height: 9, channels, data }));
      }
    };
    picture("colours", 70, 3);
    picture("greys", 36, 1);
    const options = ["--extractor", at("inception.safetensors"), "--threads", "1", "--bootstraps", "0"];
    const { code, stdout, stderr } = await dlHere("score", at("greys"), at("colours"), ...options);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /measured with {6}Inception-v3 of FID with 0\.015625 of the channels, weights inception\.safetensors \(sha256 [0-9a-f]{8}\)\n/,
    );
    // Grey is not like colours. No interval was asked for, and none is told.
    const [, apart, floor] = /^ +generated +other real\nFréchet distance +(\d+\.\d{3}) +(\d+\.\d{3})$/m.exec(stdout)!;
    expect(Number(apart)).toBeGreaterThan(2 * Number(floor));
    expect(Number(floor)).toBeGreaterThan(0);
    writeFileSync(at("other.safetensors"), writeSafetensors(new Map(tensors.filter(([name]) => name !== "fc.bias"))));
    const wrong = await dlHere("score", at("greys"), at("colours"), "--extractor", at("other.safetensors"));
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("other.safetensors (sha256")]);
    expect(wrong.stderr).toContain("missing: fc.bias");
  }, 60_000);

  test("colours are not shown to an extractor of grey images", async () => {
    mkdirSync(at("red"));
    const data = Uint8Array.from({ length: 3 * 784 }, (_, i) => (i % 3 === 0 ? 200 : 0));
    writeFileSync(at("red", "0.png"), encodePng({ width: 28, height: 28, channels: 3, data }));
    const { code, stderr } = await dlHere("score", at("red"), at("real"), "--threads", "1");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/0\.png: expected a grey image, for an extractor of grey ones, got colours\./),
    ]);
    // Grey is grey in three channels, too.
    mkdirSync(at("grey"));
    writeFileSync(
      at("grey", "0.png"),
      encodePng({ width: 28, height: 28, channels: 3, data: data.map((_, i) => Math.floor(i / 3) % 256) }),
    );
    expect((await dlHere("score", at("grey"), at("real"), "--threads", "1")).stderr).toContain("expected at least 65 generated images");
  });

  test("too few, none, and images of several sizes are named", async () => {
    noise("few", 10, 99);
    const few = await dlHere("score", at("few"), at("real"), "--threads", "1");
    expect([few.code, few.stderr]).toEqual([1, expect.stringContaining("expected at least 65 generated images")]);
    writeFileSync(at("few", "odd.png"), encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) }));
    expect((await dlHere("score", at("few"), at("real"))).stderr).toMatch(/odd\.png: expected 28×28 pixels, as 0\.png has, got 2×2/);
    const itself = await dlHere("score", at("few"), at("real"), "--other-real", join(at("real"), "."));
    expect([itself.code, itself.stderr]).toEqual([2, expect.stringContaining("--other-real: expected other images than the real ones")]);
    mkdirSync(at("large"));
    for (const i of [0, 1])
      writeFileSync(at("large", `${i}.png`), encodePng({ width: 32, height: 32, channels: 1, data: new Uint8Array(1024).fill(i) }));
    expect((await dlHere("score", at("large"), at("real"))).stderr).toMatch(
      /large: expected images of 28×28 pixels, as the real ones are, got 32×32/,
    );
    expect((await dlHere("score", at("nowhere"), at("real"))).stderr).toContain("expected a folder of images, got ENOENT");
    expect((await dlHere("score", run, at("real"))).stderr).not.toBe("");
    expect(existsSync(at("nowhere"))).toBe(false);
  });
});
