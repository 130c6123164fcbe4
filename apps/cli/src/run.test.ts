import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mnist } from "@dl/data/node";
import { readSafetensors } from "@dl/nn";
import { encodePng, pixelsOf } from "@dl/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dl, dlHere, type Ended, fileAt, startDl, until } from "./dl-fixture.ts";

// The real MNIST, from the cache of this machine or fetched into it: 2,700 images are learned, 300 held back, 3,000 measured.
const settings = ["--limit", "3000", "--epochs", "2", "--batch-size", "4", "--threads", "1"];
const stepsPerEpoch = 675;
const scratch = mkdtempSync(join(tmpdir(), "dl-cli-"));
const at = (...names: string[]): string => join(scratch, ...names);
const whole = at("whole");
let ended: Ended;

beforeAll(async () => {
  ended = await dl("train", "lenet-mnist", ...settings, "--seed", "7", "--out", whole, "--json");
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true }));

interface Line {
  readonly steps: number;
  readonly seconds: number;
  readonly reason: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, string>>;
  readonly [more: string]: unknown;
}
const lineOf = ({ stdout }: Ended): Line => JSON.parse(stdout) as Line;

/** The metrics of the epochs; how long they took differs from run to run. */
function metricsOf(folder: string): string[][] {
  const [head = "", ...rows] = readFileSync(join(folder, "metrics.csv"), "utf8").trim().split("\n");
  const kept = head
    .split(",")
    .map((name, column) => ({ name, column }))
    .filter(({ name }) => !/second/i.test(name));
  return rows.map((row) => kept.map(({ column }) => row.split(",")[column]!));
}

describe("dl train", () => {
  test("ends with one line of JSON on stdout: what ran, how well, and where it is", () => {
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout.trimEnd().split("\n")).toHaveLength(1);
    const line = lineOf(ended);
    expect(line).toMatchObject({ recipe: "lenet-mnist", preset: "default", backend: "auto", seed: 7, reason: "finished" });
    expect(line.device).toMatch(/^wasm|^cpu/);
    expect(line.steps).toBe(2 * stepsPerEpoch);
    expect(line.seconds).toBeGreaterThan(0);
    expect(Object.keys(line.metrics)).toEqual(
      expect.arrayContaining(["loss", "accuracy", "validation/loss", "validation/accuracy", "test/loss", "test/accuracy"]),
    );
    // 2,700 images, twice: well above chance, and above what any linear model reaches with them.
    expect(line.metrics["test/accuracy"]).toBeGreaterThan(0.92);
    for (const path of Object.values(line.files)) expect(path.startsWith(whole)).toBe(true);
  });

  test("leaves a model, a checkpoint, metrics, events and a report, and no lock", () => {
    expect(readdirSync(whole).sort()).toEqual(
      ["checkpoint.safetensors", "metrics.csv", "model.safetensors", "report.html", "run.json", "tensorboard"].sort(),
    );
    expect(metricsOf(whole)).toHaveLength(2);
    expect(readdirSync(join(whole, "tensorboard"))).toHaveLength(1);
    expect([...readSafetensors(readFileSync(join(whole, "model.safetensors"))).tensors.keys()]).toContain("conv1.weight");
  });

  test("tells its progress on stderr", () => {
    expect(ended.stderr).toMatch(/^LeNet on MNIST, seed 7, the first 3000 images, on .+, in .+whole$/m);
    expect(ended.stderr).toMatch(/epoch 2\/2 .*675\/675.* images\/s/);
    expect(ended.stderr).toMatch(/validation loss .* validation accuracy/);
  });

  test("its report holds the command that makes the run again", () => {
    const report = readFileSync(join(whole, "report.html"), "utf8");
    expect(report).toContain("pnpm dl train lenet-mnist --seed 7 --epochs 2 --batch-size 4 --limit 3000 --threads 1<");
  });

  test("does not touch a folder that holds something", async () => {
    const taken = at("taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "thesis.txt"), "mine");
    const { code, stderr } = await dlHere("train", "lenet-mnist", ...settings, "--out", taken);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^dl: FileError: .*taken to be new or empty, but it holds thesis\.txt\. Resume that run, or choose another folder\.$/m,
    );
    expect(readdirSync(taken)).toEqual(["thesis.txt"]);
  });

  test("with too few images to hold some back says so before it trains, and leaves the folder for the next try", async () => {
    const few = await dlHere("train", "lenet-mnist", "--limit", "2", "--epochs", "1", "--backend", "cpu", "--out", at("few"));
    expect(few.code).toBe(1);
    expect(few.stderr).toMatch(/lenet-mnist: expected images enough to hold some back for validation, got 2\. Take a larger --limit/);
    expect(few.stderr).not.toContain("epoch 1/1");
    expect(readdirSync(at("few"))).toEqual([]);
  });

  test("says why when the loss is no number any more, and writes no model", async () => {
    const { code, stderr } = await dl("train", "lenet-mnist", "--limit", "300", "--learning-rate", "1e30", "--out", at("diverged"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/loss is NaN at step \d+: try a smaller learning rate/);
    expect(readdirSync(at("diverged"))).not.toContain("model.safetensors");
  });
});

test("a run goes on to its end when nobody reads its progress any more", async () => {
  const running = startDl(["train", "lenet-mnist", "--limit", "600", "--epochs", "2", "--out", at("unread"), "--json"]);
  running.process.stderr!.once("data", () => running.process.stderr!.destroy());
  const ended = await running.ended;
  expect(ended.code).toBe(0);
  expect(lineOf(ended)).toMatchObject({ reason: "finished", files: { report: at("unread", "report.html") } });
});

describe("an interrupted run", () => {
  test("by Ctrl-C in the middle of an epoch, then killed, gives the same bits as one that went through", async () => {
    const folder = at("stopped");
    const first = startDl(["train", "lenet-mnist", ...settings, "--seed", "7", "--out", folder, "--json"]);
    await until(first, fileAt(join(folder, "checkpoint.safetensors"))); // written at the end of epoch 1
    await new Promise((resolve) => setTimeout(resolve, 100));
    first.process.kill("SIGINT");
    const stopped = await first.ended;
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/stopped and saved after step \d+\. Go on with: pnpm dl resume .+stopped$/m);
    const { steps, reason, seconds, metrics } = lineOf(stopped);
    expect(reason).toBe("stopped");
    expect(steps).toBeGreaterThan(stepsPerEpoch);
    expect(steps).toBeLessThan(2 * stepsPerEpoch);
    expect(metrics).not.toHaveProperty("test/accuracy");
    const evaluated = await dlHere("evaluate", folder);
    expect(evaluated).toMatchObject({ code: 1, stderr: expect.stringMatching(/expected a trained model, got none: .* pnpm dl resume/) });

    const second = startDl(["resume", folder]);
    await until(second, () => second.stderr().includes(`going on after step ${steps} of ${2 * stepsPerEpoch}`));
    second.process.kill("SIGKILL");
    expect((await second.ended).code).toBeNull();

    const third = await dl("resume", folder, "--json");
    expect(third.code).toBe(0);
    expect(readFileSync(join(folder, "model.safetensors")).equals(readFileSync(join(whole, "model.safetensors")))).toBe(true);
    expect(metricsOf(folder)).toEqual(metricsOf(whole));
    expect(lineOf(third)).toMatchObject({ steps: 2 * stepsPerEpoch, metrics: lineOf(ended).metrics });
    expect(lineOf(third).seconds).toBeGreaterThan(seconds);
  });

  test("before its first checkpoint begins anew", async () => {
    const folder = at("early");
    const few = ["--limit", "300", "--epochs", "1", "--threads", "1"];
    const first = startDl(["train", "lenet-mnist", ...few, "--out", folder]);
    await until(first, fileAt(join(folder, "run.json")));
    first.process.kill("SIGKILL");
    await first.ended;
    const resumed = await dl("resume", folder, "--json");
    expect(resumed.stderr).toContain("no checkpoint yet: beginning anew");
    expect(lineOf(resumed)).toMatchObject({ reason: "finished", files: { model: expect.stringContaining("early") } });
  });

  test("while data is fetched ends at once, with 130", async () => {
    // A network that takes connections and never answers.
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const nowhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const environment = { DL_CACHE_DIR: at("empty"), npm_config_registry: nowhere, npm_config_cache: at("npm") };
    const running = startDl(["train", "lenet-mnist", "--out", at("fetching")], environment);
    await until(running, () => running.stderr().includes("download from npm"));
    const before = performance.now();
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    server.closeAllConnections();
    server.close();
    expect(code).toBe(130);
    expect(stderr).toMatch(/stopped\. Go on with: pnpm dl resume .+fetching$/m);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("while it is measured ends with 130, and is measured when it is resumed", async () => {
    const folder = at("measured");
    const running = startDl(["train", "lenet-mnist", "--limit", "1000", "--epochs", "1", "--backend", "cpu", "--out", folder]);
    await until(running, fileAt(join(folder, "model.safetensors")));
    running.process.kill("SIGINT");
    const { code } = await running.ended;
    // The signal may come when the measuring is over.
    if (code !== 0) {
      expect(code).toBe(130);
      expect(readdirSync(folder)).not.toContain("report.html");
    }
    const resumed = await dl("resume", folder, "--json");
    expect(lineOf(resumed)).toMatchObject({ backend: "cpu", reason: "finished", steps: 15 });
    expect(readdirSync(folder)).toContain("report.html");
  });
});

describe("a finished run", () => {
  test("measures the same by dl evaluate", async () => {
    const { code, stdout } = await dlHere("evaluate", whole, "--threads", "1", "--json");
    expect(code).toBe(0);
    const { metrics } = JSON.parse(stdout) as Line;
    const trained = lineOf(ended).metrics;
    expect(metrics).toEqual({ "test/loss": trained["test/loss"], "test/accuracy": trained["test/accuracy"] });
  });

  test("evaluates to a report for people", async () => {
    const { stdout } = await dlHere("evaluate", whole);
    expect(stdout).toMatch(/precision +recall +f1-score +support/i);
    expect(stdout).toMatch(/test accuracy \d\d\.\d\d %, loss 0\.\d{4}, 3000 images, on /);
  });

  test("classifies image files", async () => {
    const digits = await mnist({ split: "test" });
    const files = Array.from({ length: 10 }, (_, i) => {
      const path = at(`digit-${i}.png`);
      writeFileSync(path, encodePng(pixelsOf(digits.get(i).images)));
      return path;
    });
    const { code, stdout } = await dlHere("predict", whole, ...files, "--top", "2", "--json");
    expect(code).toBe(0);
    const { predictions } = JSON.parse(stdout) as { predictions: { file: string; classes: { name: string; probability: number }[] }[] };
    expect(predictions.map(({ file }) => file)).toEqual(files);
    for (const { classes } of predictions) {
      expect(classes).toHaveLength(2);
      expect(classes[0]!.probability).toBeGreaterThanOrEqual(classes[1]!.probability);
    }
    const right = predictions.filter(({ classes }, i) => classes[0]!.name === String(digits.get(i).labels.data[0]));
    expect(right.length).toBeGreaterThanOrEqual(8);

    writeFileSync(at("note.png"), "no image");
    const broken = await dlHere("predict", whole, at("note.png"));
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringMatching(/^dl: DataError: .*note\.png/m) });
    const missing = await dlHere("predict", whole, at("gone.png"));
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/gone\.png: expected an image file/) });
  });

  test("is not exported into a file: what the system refuses is no defect of dl, and told without a stack", async () => {
    const { code, stderr } = await dlHere("export", whole, "--to", "safetensors", "--out", join(whole, "run.json"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^dl: EEXIST: .*run\.json/m);
    expect(stderr).not.toMatch(/defect|^\s+at /m);
  });

  test("whose model file is torn is refused by name", async () => {
    const model = join(whole, "model.safetensors");
    const bytes = readFileSync(model);
    try {
      truncateSync(model, bytes.length - 1000);
      const { code, stderr } = await dlHere("evaluate", whole);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^dl: CheckpointError: .*model\.safetensors/m);
    } finally {
      writeFileSync(model, bytes);
    }
  });

  test("with a torn checkpoint cannot be resumed, and says so", async () => {
    const checkpoint = join(whole, "checkpoint.safetensors");
    const bytes = readFileSync(checkpoint);
    try {
      truncateSync(checkpoint, 200);
      const { code, stderr } = await dlHere("resume", whole);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^dl: CheckpointError: .*checkpoint\.safetensors/m);
    } finally {
      writeFileSync(checkpoint, bytes);
    }
  });
});
