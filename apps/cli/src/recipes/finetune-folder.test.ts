import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { ResNet, resnet20, torchState } from "@dl/cnn";
import { openDevice, Rng, tensor } from "@dl/core";
import { readState, readTensors, training, writeSafetensors } from "@dl/nn";
import { encodePng } from "@dl/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dlHere, type Ended } from "../dl-fixture.ts";

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
    // Six pictures; a network that only guesses gets two of them.
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

  test("recipes that read no folder take none", async () => {
    const run = await dlHere("train", "lenet-mnist", "--data", "x");
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/lenet-mnist: expected no --data, got x/) });
  });
});
