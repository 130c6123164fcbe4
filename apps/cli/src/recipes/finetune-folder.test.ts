import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { ResNet, resnet20, torchState } from "@dl/cnn";
import { openDevice, Rng, tensor } from "@dl/core";
import { cropImage, cropToAspect, decodeImage, type Image, resizeImage } from "@dl/data";
import { readState, readTensors, training, writeSafetensors } from "@dl/nn";
import { encodePng } from "@dl/train";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dlHere, type Ended, startDl, until } from "../dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-finetune-"));
const at = (...names: string[]): string => join(scratch, ...names);
afterAll(() => rmSync(scratch, { recursive: true }));

const rng = new Rng(3);
const colours: Record<string, readonly number[]> = { blue: [40, 60, 200], green: [40, 200, 60], red: [200, 60, 40] };

/** Pictures of one colour each, with noise. */
function writeFolder(name: string, count: number): string {
  for (const [colour, means] of Object.entries(colours)) {
    mkdirSync(at(name, colour), { recursive: true });
    for (let i = 0; i < count; i++) {
      const data = Uint8Array.from({ length: 40 * 36 * 3 }, (_, k) => means[k % 3]! + rng.integer(-30, 31));
      writeFileSync(at(name, colour, `${i}.png`), encodePng({ width: 40, height: 36, channels: 3, data }));
    }
  }
  return at(name);
}

const quick = ["--preset", "resnet20", "--epochs", "1", "--batch-size", "8", "--threads", "1", "--json"];
const finetune = (data: string, weights: string, out: string): Promise<Ended> =>
  dlHere("train", "finetune-folder", ...quick, "--data", data, "--weights", weights, "--out", at(out));

let ended: Ended;
beforeAll(async () => {
  using model = new ResNet({ ...resnet20, classes: 10, rng: rng.fork("init") });
  // A network that has seen images: running statistics are those of what it computes.
  await using device = await openDevice(wasm({ threads: 1 }));
  for (let step = 0; step < 40; step++) {
    const shade = rng.uniform([16, 1, 1, 3], -1, 1);
    const noise = rng.normal([16, 32, 32, 3], 0, 0.5);
    await device.compute(() => void model.forward(tensor(noise).add(tensor(shade)), training(rng)));
  }
  writeFileSync(at("ours.safetensors"), writeSafetensors(await readState(model)));
  writeFileSync(at("torch.safetensors"), writeSafetensors(await torchState(model)));
  ended = await finetune(writeFolder("flat", 12), at("ours.safetensors"), "run");
}, 120_000);

describe("finetune-folder", () => {
  test("tells colours apart with a new head on features that stay, and then with everything", () => {
    expect(ended).toMatchObject({ code: 0 });
    expect(Number(/backbone frozen: validation accuracy ([\d.]+) %/.exec(ended.stderr)![1])).toBeGreaterThan(60);
    const { metrics, reason } = JSON.parse(ended.stdout) as { metrics: Record<string, number>; reason: string };
    expect(reason).toBe("finished");
    // Seven pictures; a network that only guesses gets two or three of them.
    expect(metrics["test/accuracy"]).toBeGreaterThan(0.6);
    expect(JSON.parse(readFileSync(at("run", "classes.json"), "utf8"))).toEqual(["blue", "green", "red"]);
    expect(readTensors(readFileSync(at("run", "model.safetensors"))).get("head.weight")).toMatchObject({ shape: [64, 3] });
  });

  test("dl evaluate measures the same again", async () => {
    const again = await dlHere("evaluate", at("run"), "--threads", "1", "--json");
    const measured = (JSON.parse(again.stdout) as { metrics: Record<string, number> }).metrics;
    const { metrics } = JSON.parse(ended.stdout) as { metrics: Record<string, number> };
    expect(measured["test/accuracy"]).toBe(metrics["test/accuracy"]);
    expect(measured["test/loss"]).toBeCloseTo(metrics["test/loss"]!, 5);
  });

  test("what was fine-tuned classifies one image: predict, explain and export need no data, and agree", async () => {
    // Runs outlive the folder they learned from.
    renameSync(at("flat"), at("away"));
    try {
      const image = at("away", "green", "0.png");
      const predicted = await dlHere("predict", at("run"), image, "--threads", "1", "--json");
      expect(predicted, predicted.stderr).toMatchObject({ code: 0 });
      const [{ classes }] = (JSON.parse(predicted.stdout) as { predictions: [{ classes: { name: string; probability: number }[] }] })
        .predictions;
      expect(classes.map(({ name }) => name).sort()).toEqual(["blue", "green", "red"]);
      expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);

      expect(await dlHere("export", at("run"), "--to", "onnx")).toMatchObject({ code: 0 });
      const square = cropToAspect(decodeImage(readFileSync(image)), { width: 32, height: 32 });
      const { data } = resizeImage(square, { width: 32, height: 32 });
      const session = await InferenceSession.create(at("run", "model.onnx"));
      const pixels = Float32Array.from(data, (byte) => byte / 255);
      const { probabilities } = await session.run({ images: new OrtTensor("float32", pixels, [1, 32, 32, 3]) });
      await session.release();
      for (const { name, probability } of classes) {
        expect((probabilities!.data as Float32Array)[["blue", "green", "red"].indexOf(name)]).toBeCloseTo(probability, 3);
      }
      const explained = await dlHere("explain", at("run"), image, "--class", "red", "--out", at("red.png"), "--threads", "1");
      expect(explained, explained.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("red") });
      expect(existsSync(at("red.png"))).toBe(true);
    } finally {
      renameSync(at("away"), at("flat"));
    }
  });

  test("a wide picture is cropped in use as it was in training: predict, explain and serve see its middle, not all of it squeezed", async () => {
    // Green in the middle seventh, red on both sides.
    const noisy = (colour: string): Image =>
      resizeImage(decodeImage(readFileSync(at("flat", colour, "1.png")), { channels: 3 }), { width: 32, height: 32 });
    const [middle, side] = [noisy("green"), noisy("red")];
    const wide = cropImage(middle, { left: -96, top: 0, width: 224, height: 32 });
    for (let i = 0; i < wide.data.length; i++) {
      const x = Math.floor(i / 3) % 224;
      if (x < 96 || x >= 128) wide.data[i] = side.data[(Math.floor(i / (224 * 3)) * 32 + (x % 32)) * 3 + (i % 3)]!;
    }
    const files = { wide, middle, squeezed: resizeImage(wide, { width: 32, height: 32 }) };
    for (const [name, image] of Object.entries(files)) writeFileSync(at(`${name}.png`), encodePng({ ...image, channels: 3 }));
    const paths = Object.keys(files).map((name) => at(`${name}.png`));
    const predicted = await dlHere("predict", at("run"), ...paths, "--threads", "1", "--json");
    type Classes = { name: string; probability: number }[];
    const [seen, asCropped, asSqueezed] = (JSON.parse(predicted.stdout) as { predictions: { classes: Classes }[] }).predictions.map(
      ({ classes }) => classes,
    );
    expect(seen).toEqual(asCropped);
    expect(seen![0]!.name).toBe("green");
    expect(asSqueezed![0]!.name).toBe("red");

    const words = ["--method", "saliency", "--out", at("wide-map.png"), "--threads", "1", "--json"];
    const explained = await dlHere("explain", at("run"), at("wide.png"), ...words);
    expect(JSON.parse(explained.stdout)).toMatchObject({ class: "green", probability: expect.closeTo(seen![0]!.probability, 5) });

    const running = startDl(["serve", at("run"), "--port", "0", "--backend", "wasm", "--threads", "1"]);
    try {
      await until(running, () => / at http/.test(running.stderr()));
      const address = / at (http\S+),/.exec(running.stderr())![1]!;
      expect(await (await fetch(address)).json()).toMatchObject({ classes: ["blue", "green", "red"], imageShape: [32, 32, 3] });
      const body = readFileSync(at("wide.png"));
      const answer = await fetch(`${address}/predict`, { method: "POST", headers: { "content-type": "image/png" }, body });
      const { classes } = (await answer.json()) as { classes: Classes };
      expect(classes).toHaveLength(3);
      expect(classes[0]).toEqual({ name: "green", probability: expect.closeTo(seen![0]!.probability, 5) });
    } finally {
      running.process.kill("SIGKILL");
    }
  });

  test("dl compress makes a run of it that knows its classes, and is measured and used like any other", async () => {
    const words = ["--quantise", "int8", "--out", at("int8"), "--threads", "1", "--json"];
    const compressed = await dlHere("compress", at("run"), ...words);
    expect(compressed, compressed.stderr).toMatchObject({ code: 0 });
    const { after } = JSON.parse(compressed.stdout) as { after: { metrics: Record<string, number> } };
    const again = await dlHere("evaluate", at("int8"), "--threads", "1", "--json");
    const { metrics } = JSON.parse(again.stdout) as { metrics: Record<string, number> };
    expect(metrics["test/accuracy"]).toBe(after.metrics["test/accuracy"]);
    expect(metrics["test/loss"]).toBeCloseTo(after.metrics["test/loss"]!, 5);
    const predicted = await dlHere("predict", at("int8"), at("flat", "red", "3.png"), "--threads", "1");
    expect(predicted.stdout).toMatch(/red \d/);
  });

  test.each([
    ["no list", undefined, /classes\.json: expected the classes of the run, got ENOENT/],
    ["no names", "[1, 2]", /classes\.json: expected a list of two or more names, got \[1, 2\]/],
    ["no JSON", "blue", /classes\.json: expected a list of two or more names, got blue/],
    ["another number of classes", '["a", "b"]', /head\.weight/],
  ])("a run whose classes.json holds %s is an error", async (_, text, message) => {
    const folder = at(`broken ${_}`);
    mkdirSync(folder);
    for (const name of ["run.json", "model.safetensors"]) copyFileSync(at("run", name), join(folder, name));
    if (text !== undefined) writeFileSync(join(folder, "classes.json"), text);
    const ended = await dlHere("predict", folder, at("flat", "red", "3.png"), "--threads", "1");
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(message) });
  });

  test("train and test folders are taken as they are, and weights under PyTorch's names are as good as ours", async () => {
    writeFolder(join("halves", "train"), 10);
    writeFolder(join("halves", "test"), 2);
    const run = await finetune(at("halves"), at("torch.safetensors"), "torch-run");
    expect(run).toMatchObject({ code: 0 });
    expect((JSON.parse(run.stdout) as { steps: number }).steps).toBe(Math.ceil(27 / 8));
  }, 60_000);

  test.each<[string, string[], RegExp]>([
    ["no data", ["--weights", "w"], /finetune-folder: expected --data, got none/],
    ["no such folder", ["--data", "/nowhere", "--weights", "w"], /expected to read the folder \/nowhere, got ENOENT/],
    [
      "a file of torch.save that is another network's",
      ["--data", "flat", "--weights", "checkpoint.pt"],
      /missing: conv1\.weight.*unexpected: conv\.weight/,
    ],
    ["weights of another network", ["--data", "flat", "--weights", "other"], /missing: conv1\.weight.*unexpected: x/],
  ])("%s is an error that says so", async (_, words, message) => {
    writeFileSync(at("other"), writeSafetensors(new Map([["x", { shape: [1], dtype: "float32", data: Float32Array.of(1) }]])));
    // Its state dict lies within it, under "state_dict", as training scripts save it.
    copyFileSync(new URL("../../../../packages/nn/fixtures/files/checkpoint.pt", import.meta.url), at("checkpoint.pt"));
    const paths = words.map((word) => (word === "flat" || word === "other" || word === "checkpoint.pt" ? at(word) : word));
    const run = await dlHere("train", "finetune-folder", ...quick, ...paths, "--out", at(`error ${_}`));
    expect(run.code).not.toBe(0);
    expect(run.stderr).toMatch(message);
  });

  test("a damaged file ends the run, and says how to go on without it; --corrupt skip leaves it out, and dl evaluate does too", async () => {
    writeFolder("hurt", 8);
    writeFileSync(at("hurt", "green", "cut.png"), readFileSync(at("hurt", "green", "0.png")).subarray(0, 90));
    writeFileSync(at("hurt", "red", "notes.txt"), "no image");
    const ended = await finetune(at("hurt"), at("ours.safetensors"), "hurt-run");
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/cut\.png.*leave such files out with --corrupt skip/);
    const words = [...quick, "--corrupt", "skip", "--data", at("hurt"), "--weights", at("ours.safetensors"), "--out", at("skip-run")];
    const run = await dlHere("train", "finetune-folder", ...words);
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/left out 2 files, listed in .*skipped\.json/) });
    const skipped = JSON.parse(readFileSync(at("skip-run", "skipped.json"), "utf8")) as { path: string; reason: string }[];
    expect(skipped.map(({ path }) => path)).toEqual([at("hurt", "red", "notes.txt"), at("hurt", "green", "cut.png")]);
    const again = await dlHere("evaluate", at("skip-run"), "--threads", "1", "--json");
    expect(again).toMatchObject({ code: 0 });
    const accuracy = ({ stdout }: Ended): unknown => (JSON.parse(stdout) as { metrics: object }).metrics["test/accuracy" as never];
    expect(accuracy(again)).toBe(accuracy(run));
    const limited = await dlHere("train", "finetune-folder", ...words.slice(0, -1), at("limited-run"), "--limit", "1");
    expect(limited.stderr).toMatch(/enough images for training, validation and test/);
  }, 60_000);

  test("--corrupt is for recipes that read a folder, and is raise or skip", async () => {
    expect(await dlHere("train", "lenet-mnist", "--corrupt", "skip")).toMatchObject({ code: 2 });
    const run = await dlHere("train", "finetune-folder", "--data", "x", "--weights", "y", "--corrupt", "hide");
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/--corrupt: expected raise or skip, got "hide"/) });
  });

  test("recipes that read no folder take none", async () => {
    const run = await dlHere("train", "lenet-mnist", "--data", "x");
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/lenet-mnist: expected no --data, got x/) });
  });
});
