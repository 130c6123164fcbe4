/** The contestant's side of the protocol, for contestants that run in Node. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Workload } from "../workload.ts";
import type { Answers, Failure, Greeting, Question } from "./protocol.ts";

type Prepare = (question: Extract<Question, { ask: "prepare" }>) => Promise<Workload>;

/** Greets, then answers until stdin ends. */
export async function serve(greeting: Greeting, prepare: Prepare): Promise<void> {
  const say = (message: Greeting | Answers[keyof Answers] | Failure): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
  const workloads = new Map<string, Workload>();
  const answer = async (question: Question): Promise<Answers[keyof Answers]> => {
    if (question.ask === "memory") return { peakBytes: peakBytes() };
    if (question.ask === "prepare") {
      const workload = await prepare(question);
      workloads.set(question.id, workload);
      return { check: workload.check };
    }
    const workload = workloads.get(question.id);
    if (!workload) throw new Error(`${question.ask}: expected one of ${[...workloads.keys()].join(", ")}, got ${question.id}.`);
    if (question.ask === "kernels") return { kernels: (await workload.kernels?.()) ?? null };
    // What earlier rounds left behind is not this round's to collect.
    globalThis.gc?.();
    const before = workload.launches?.() ?? 0;
    const milliseconds = await workload.run(question.repetitions);
    return workload.launches ? { milliseconds, launches: (workload.launches() - before) / question.repetitions } : { milliseconds };
  };
  say(greeting);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(await answer(JSON.parse(line) as Question));
    } catch (error) {
      say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
}

/** Peak resident memory of this process. */
function peakBytes(): number {
  try {
    // Linux carries maxRSS over from the parent at exec; the high-water mark of /proc starts anew.
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
