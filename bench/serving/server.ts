/** `dl serve` as a process of its own, with a LeNet that has seen a few hundred digits: what it answers does not matter here. */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../contestants/contestant.ts";

const words = ["--conditions=@dl/source", "--import", "tsx", join(root, "apps/cli/src/main.ts")];

/** Trains the run to serve into a folder that is removed when this is disposed of. */
export async function trainedRun(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "dl-bench-serving-"));
  const path = join(folder, "run");
  const child = spawn(process.execPath, [...words, "train", "lenet-mnist", "--limit", "1000", "--epochs", "1", "--out", path], {
    ...{ cwd: root, stdio: ["ignore", "ignore", "inherit"] },
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`bench: expected dl train to end with 0, got ${code}.`);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** The server, answering; disposing of it asks it to end, and waits. */
export async function startServer(run: string, options: readonly string[]): Promise<{ address: string; device: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [...words, "serve", run, "--port", "0", "--json", ...options], {
    ...{ cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const line = await Promise.race([
    firstLine(child.stdout!),
    closed.then((code) => Promise.reject(new Error(`bench: dl serve ended with ${code}.`))),
  ]);
  const { address, device } = JSON.parse(line) as { address: string; device: string };
  return {
    ...{ address, device },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      const code = await closed;
      if (code !== 0) throw new Error(`bench: expected dl serve to end with 0, got ${code}.`);
    },
  };
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const part of stream) {
    text += String(part);
    if (text.includes("\n")) break;
  }
  return text.slice(0, text.indexOf("\n"));
}
