/** For tests: `dl` as a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { runCli } from "./cli.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const main = fileURLToPath(new URL("main.ts", import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has written on stderr so far. */
  stderr(): string;
}

/** Starts `dl` with `words`; `environment` is added to this process's, `input` is what it reads. */
export function startDl(words: readonly string[], environment: Readonly<Record<string, string>> = {}, input = ""): Running {
  const child = spawn(process.execPath, ["--conditions=@dl/source", "--import", "tsx", main, ...words], {
    // tsx is found from here.
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", ...environment },
    stdio: "pipe",
  });
  child.stdin.end(input);
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout: out.join(""), stderr: err.join("") }));
  });
  return { process: child, ended, stderr: () => err.join("") };
}

/** Runs `dl` in this process: for what ends soon. */
export async function dlHere(...words: string[]): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  const log = vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => void out.push(`${parts.join(" ")}\n`));
  const error = vi.spyOn(console, "error").mockImplementation((...parts: unknown[]) => void err.push(`${parts.join(" ")}\n`));
  try {
    const code = await runCli(words);
    return { code, stdout: out.join(""), stderr: err.join("") };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

/** Runs `dl` to its end, in a process. */
export function dl(...words: string[]): Promise<Ended> {
  return startDl(words).ended;
}

/** Waits until `condition` holds, looking every 10 ms; fails when the process ends first. */
export async function until(running: Running, condition: () => boolean): Promise<void> {
  while (!condition()) {
    if (running.process.exitCode !== null) throw new Error(`dl ended too early:\n${running.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function fileAt(path: string): () => boolean {
  return () => existsSync(path);
}
