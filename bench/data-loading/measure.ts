/** Images a second of both loaders, in turns, so that what else the machine does falls on both. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Rng } from "@dl/core";
import { openBatchWorkers } from "@dl/data/node";
import { findPython } from "../contestants/python.ts";
import type { LoadingInput } from "./pipelines.ts";

export interface LoadingCase {
  readonly name: string;
  readonly kind: "memory" | "jpeg";
  readonly decoder: "javascript" | "sharp";
  readonly batchSize: number;
  /** Ours over torch's, at least. */
  readonly floor: number;
}

export const loadingCases: readonly LoadingCase[] = [
  { name: "CIFAR-10 in memory", kind: "memory", decoder: "javascript", batchSize: 128, floor: 1 },
  { name: "JPEGs at 224², sharp", kind: "jpeg", decoder: "sharp", batchSize: 64, floor: 0.5 },
  { name: "JPEGs at 224², jpeg-js", kind: "jpeg", decoder: "javascript", batchSize: 64, floor: 0 },
];

export interface LoadingResult {
  readonly name: string;
  readonly workers: number;
  /** Images a second, the median of the epochs after the first. */
  readonly ours: number;
  readonly torch: number | string;
  readonly ratio: number | undefined;
  readonly floor: number;
}

export interface MeasureOptions {
  readonly folder: string;
  readonly workers: number;
  /** Epochs after the first, which warms up. */
  readonly epochs: number;
  readonly rounds: number;
  readonly seed: number;
}

export async function measureLoading(loading: LoadingCase, options: MeasureOptions): Promise<LoadingResult> {
  const { workers, rounds } = options;
  const ours: number[] = [];
  const torch: number[] = [];
  let reason: string | undefined;
  for (let round = 0; round < rounds; round++) {
    ours.push(...(await ourRates(loading, options)));
    const peer = await torchRates(loading, options);
    if (typeof peer === "string") reason = peer;
    else torch.push(...peer);
  }
  const rate = median(ours);
  return {
    name: loading.name,
    workers,
    ours: rate,
    torch: reason ?? median(torch),
    ratio: reason === undefined ? rate / median(torch) : undefined,
    floor: loading.floor,
  };
}

async function ourRates({ kind, decoder, batchSize }: LoadingCase, { folder, workers, epochs, seed }: MeasureOptions): Promise<number[]> {
  const input: LoadingInput = { kind, folder, decoder };
  await using loader = await openBatchWorkers(new URL("./pipelines.ts", import.meta.url), {
    workers,
    input,
    execArgv: ["--conditions=@dl/source"],
  });
  const rng = new Rng(seed);
  const rates: number[] = [];
  for (let epoch = 0; epoch <= epochs; epoch++) {
    const start = performance.now();
    let seen = 0;
    for await (const { labels } of loader.batches({ batchSize, shuffle: rng.fork(`order ${epoch}`), rng: rng.fork(`augment ${epoch}`) })) {
      seen += labels!.data.length;
    }
    if (epoch > 0) rates.push(seen / ((performance.now() - start) / 1000));
  }
  return rates;
}

async function torchRates({ kind, batchSize }: LoadingCase, { folder, workers, epochs }: MeasureOptions): Promise<number[] | string> {
  const python = await findPython();
  if ("reason" in python) return python.reason;
  const script = new URL("./torch_loader.py", import.meta.url).pathname;
  const args = [script, kind, folder, String(workers), String(epochs + 1), String(batchSize)];
  try {
    const { stdout } = await promisify(execFile)(python.file, args);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { epoch: number; images: number; seconds: number });
    return lines.filter(({ epoch }) => epoch > 0).map(({ images, seconds }) => images / seconds);
  } catch (error) {
    return `torch's loader failed: ${(error as Error).message.trim().split("\n").at(-1)}`;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
