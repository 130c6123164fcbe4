import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mnist } from "@dl/data/node";
import { encodePng, pixelsOf } from "@dl/train";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dlHere, type Running, startDl, until } from "./dl-fixture.ts";

// The first images of the real MNIST: enough for a model that says something.
const scratch = mkdtempSync(join(tmpdir(), "dl-deploy-"));
const run = join(scratch, "run");
const at = (...names: string[]): string => join(scratch, ...names);

beforeAll(async () => {
  const trained = await dlHere(
    "train",
    "lenet-mnist",
    "--limit",
    "300",
    "--epochs",
    "1",
    "--batch-size",
    "16",
    "--backend",
    "wasm",
    "--threads",
    "1",
    "--out",
    run,
  );
  expect(trained.code, trained.stderr).toBe(0);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true }));

async function digit(index: number): Promise<Float32Array> {
  const images = await mnist({ split: "test" });
  const { data } = images.get(index).images!;
  return Float32Array.from(data);
}

test("dl export --to onnx gives what dl predict gives, normalisation and all", async () => {
  const ended = await dlHere("export", run, "--to", "onnx", "--out", at("onnx"), "--json");
  expect(ended).toMatchObject({ code: 0 });
  const { files } = JSON.parse(ended.stdout) as { files: string[] };
  expect(files).toEqual([at("onnx", "model.onnx")]);
  const session = await InferenceSession.create(files[0]!);
  const pixels = await digit(0);
  const { probabilities } = await session.run({ images: new OrtTensor("float32", pixels, [1, 28, 28, 1]) });
  const png = at("digit.png");
  const { writeFileSync } = await import("node:fs");
  writeFileSync(png, encodePng(pixelsOf({ shape: [28, 28, 1], dtype: "float32", data: pixels })));
  const predicted = await dlHere("predict", run, png, "--top", "10", "--json", "--backend", "cpu");
  const [{ classes }] = (JSON.parse(predicted.stdout) as { predictions: [{ classes: { name: string; probability: number }[] }] })
    .predictions;
  for (const { name, probability } of classes) expect((probabilities!.data as Float32Array)[Number(name)]).toBeCloseTo(probability, 4);
  await session.release();
});

test("dl export --to safetensors has PyTorch's names, --to tfjs a model.json beside its weights; other words are refused", async () => {
  expect(await dlHere("export", "--run", run, "--to", "safetensors", "--out", at("st"))).toMatchObject({ code: 0 });
  expect(readFileSync(at("st", "model.export.safetensors")).includes('"format":"pt"')).toBe(true);
  expect(await dlHere("export", "--run", run, "--to", "tfjs", "--out", at("tf"))).toMatchObject({ code: 0 });
  expect(existsSync(at("tf", "tfjs", "weights.bin"))).toBe(true);
  expect(JSON.parse(readFileSync(at("tf", "tfjs", "model.json"), "utf8"))).toMatchObject({ format: "graph-model" });
  const wrong = await dlHere("export", run, "--to", "coreml");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--to: expected onnx, safetensors, tfjs, got "coreml"') });
});

/** The statuses of `count` requests, `together` at a time; every one is answered or the promise rejects. */
async function load(address: string, { count, together, body }: { count: number; together: number; body: string }): Promise<number[]> {
  const statuses: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next++;
      const response = await fetch(`${address}/predict`, { method: "POST", headers: { "content-type": "application/json" }, body });
      const answer = (await response.json()) as { classes?: unknown[]; error?: string };
      expect(response.status === 200 ? answer.classes?.length : typeof answer.error).toEqual(response.status === 200 ? 3 : "string");
      statuses.push(response.status);
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  return statuses;
}

const statuses = (answers: readonly number[], status: number): number => answers.filter((answer) => answer === status).length;

async function serve(...words: string[]): Promise<{ running: Running; address: string }> {
  const running = startDl(["serve", run, "--port", "0", "--backend", "wasm", "--threads", "1", ...words]);
  await until(running, () => / at http/.test(running.stderr()));
  return { running, address: / at (http\S+),/.exec(running.stderr())![1]! };
}

test("dl serve under load: nothing is lost, bad input is 400, and SIGTERM ends it in order", async () => {
  // A busy machine may take its time; the limit on it is tested with the batcher.
  const { running, address } = await serve("--timeout", "120000", "--body-limit", "60000");
  try {
    expect(await (await fetch(`${address}/health`)).json()).toEqual({ status: "ok" });
    const image = await digit(1);
    const pixels = Array.from({ length: 28 }, (_, y) => Array.from({ length: 28 }, (_, x) => [Math.round(255 * image[y * 28 + x]!)]));
    const body = JSON.stringify({ pixels });
    const answers = await load(address, { count: 400, together: 40, body });
    expect(answers).toHaveLength(400);
    expect(statuses(answers, 200)).toBe(400);

    const post = (type: string, body: BodyInit): Promise<Response> =>
      fetch(`${address}/predict`, { method: "POST", headers: { "content-type": type }, body });
    const png = encodePng(pixelsOf({ shape: [28, 28, 1], dtype: "float32", data: image }));
    const [asPng, asJson] = [await (await post("image/png", png as BodyInit)).json(), await (await post("application/json", body)).json()];
    expect(asPng).toEqual(asJson);
    // A pixel is a number: what JavaScript would make one is refused, as is what nobody asked for.
    const withPixel = (value: unknown): object => ({ pixels: pixels.map((row, y) => (y === 0 ? [[value], ...row.slice(1)] : row)) });
    const wrong = [{ pixels: pixels.slice(1) }, { pixels, more: 1 }, ...[256, null, "7", true, [7]].map(withPixel)];
    for (const each of wrong)
      expect((await post("application/json", JSON.stringify(each))).status, JSON.stringify(each).slice(0, 60)).toBe(400);
    expect((await post("application/json", JSON.stringify(withPixel(7)))).status).toBe(200);
    expect((await post("application/json", "{")).status).toBe(400);
    expect((await post("image/png", "no picture")).status).toBe(400);
    // Twenty million pixels of one colour in twenty thousand bytes.
    const large = encodePng({ width: 5000, height: 4000, channels: 1, data: new Uint8Array(2e7) });
    const refused = await post("image/png", large as BodyInit);
    expect(refused.status).toBe(400);
    expect(((await refused.json()) as { error: string }).error).toContain("5000 × 4000");
    expect((await post("text/plain", "hello")).status).toBe(415);
    expect((await post("image/png", new Uint8Array(60_001))).status).toBe(413);
    const top = (words: string): Promise<Response> =>
      fetch(`${address}/predict?${words}`, { method: "POST", headers: { "content-type": "application/json" }, body });
    expect(((await (await top("top=5")).json()) as { classes: unknown[] }).classes).toHaveLength(5);
    for (const words of ["top=0", "top=x", "top=1.5", "top=1&top=2", "least=1"]) expect((await top(words)).status, words).toBe(400);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toMatch(/dl_requests_total\{status="200"\} 404\n/);
    expect(metrics).toMatch(/dl_request_seconds_count 421\n/);
    // Forty at a time share batches: far fewer of them than images.
    expect(Number(/dl_batch_size_count (\d+)/.exec(metrics)![1])).toBeLessThan(200);

    // Requests that are on their way when the signal comes are answered, each of them.
    const before = Number(/dl_request_seconds_count (\d+)/.exec(metrics)![1]);
    const last = load(address, { count: 20, together: 20, body });
    let seen = before;
    while (seen === before) {
      const now = await (await fetch(`${address}/metrics`)).text();
      seen = Number(/dl_request_seconds_count (\d+)/.exec(now)![1]) + Number(/dl_queue_length (\d+)/.exec(now)![1]);
    }
    running.process.kill("SIGTERM");
    const answered = await last;
    expect(statuses(answered, 200) + statuses(answered, 503)).toBe(20);
    expect(statuses(answered, 200)).toBeGreaterThan(0);
    expect((await running.ended).code).toBe(0);
  } finally {
    running.process.kill("SIGKILL");
  }
}, 120_000);

test("a queue that is full is answered 503 with when to come back, and serves again afterwards", async () => {
  const { running, address } = await serve("--max-queue", "2", "--max-batch", "1", "--max-wait", "0");
  try {
    const body = JSON.stringify({ pixels: Array.from({ length: 28 }, () => Array.from({ length: 28 }, () => [0])) });
    const answers = await load(address, { count: 200, together: 50, body });
    expect(answers).toHaveLength(200);
    expect(statuses(answers, 503)).toBeGreaterThan(0);
    expect(statuses(answers, 200)).toBeGreaterThan(0);
    expect(statuses(answers, 200) + statuses(answers, 503)).toBe(200);
    expect(statuses(await load(address, { count: 1, together: 1, body }), 200)).toBe(1);
    running.process.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
  } finally {
    running.process.kill("SIGKILL");
  }
}, 120_000);
