/** A program that takes part: started once, asked over its stdin, stopped by closing it. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Answers, Failure, Greeting, Question } from "./protocol.ts";

/** The root of the repository, where `tsx` is found. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Command {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class Contestant implements AsyncDisposable {
  readonly greeting: Greeting;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  private constructor(
    name: string,
    { process, lines, greeting }: { process: ChildProcess; lines: AsyncIterator<string>; greeting: Greeting },
  ) {
    this.#name = name;
    this.#process = process;
    this.#lines = lines;
    this.greeting = greeting;
  }

  /** Starts the program and waits for its greeting. */
  static async start(name: string, { file, inputs, environment = {} }: Command): Promise<Contestant> {
    const child = spawn(file, inputs, { cwd: root, env: { ...process.env, ...environment }, stdio: ["pipe", "pipe", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-4000);
    });
    const failed = new Promise<never>((_, reject) => {
      child.once("error", (error) => reject(new Error(`${name}: could not start ${file}: ${error.message}.`)));
      child.once("close", (code, signal) => reject(new Error(`${name}: ended early (${signal ?? `exit ${code}`}).\n${complaint}`)));
    });
    failed.catch(() => {}); // Whoever waits for a line hears of it.
    child.stdin.on("error", () => {}); // A broken pipe: `failed` says why.
    const iterator = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const lines: AsyncIterator<string> = { next: () => Promise.race([nextLine(iterator), failed]) };
    const greeting = JSON.parse((await lines.next()).value) as Greeting | Failure;
    if ("error" in greeting) throw new Error(`${name}: ${greeting.error}`);
    return new Contestant(name, { process: child, lines, greeting });
  }

  async ask<Q extends Question>(question: Q): Promise<Answers[Q["ask"]]> {
    this.#process.stdin!.write(`${JSON.stringify(question)}\n`);
    const answer = JSON.parse((await this.#lines.next()).value) as Answers[Q["ask"]] | Failure;
    if ("error" in answer) throw new Error(`${this.#name}: ${answer.error}`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#process.once("close", () => resolve()));
    this.#process.stdin!.end();
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(impatience);
  }
}

/** The next line that is an answer; the end of the output is left to the exit of the process to explain. */
async function nextLine(lines: AsyncIterator<string>): Promise<IteratorResult<string>> {
  for (;;) {
    const line = await lines.next();
    if (line.done) return new Promise(() => {});
    if (line.value.startsWith("{")) return line;
  }
}
