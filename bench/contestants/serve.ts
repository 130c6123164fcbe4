/** The contestant's side of the protocol, for contestants that run in Node. */

import { createInterface } from "node:readline";
import { answering, type Prepare, type WorkQuestion } from "./answering.ts";
import { peakBytes } from "./peak-bytes.ts";
import type { Answers, Failure, Greeting, Question } from "./protocol.ts";

/** Greets, then answers until stdin ends. */
export function serve(greeting: Greeting, prepare: Prepare): Promise<void> {
  return serveAnswers(greeting, { work: answering(prepare), memory: () => peakBytes(process.pid) });
}

interface Answering {
  readonly work: (question: WorkQuestion) => Promise<Answers[WorkQuestion["ask"]]>;
  /** Peak bytes of the processes that work. */
  readonly memory: () => number;
}

/** The same for a contestant whose work is done elsewhere. */
export async function serveAnswers(greeting: Greeting, { work, memory }: Answering): Promise<void> {
  const say = (message: Greeting | Answers[keyof Answers] | Failure): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
  say(greeting);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const question = JSON.parse(line) as Question;
      say(question.ask === "memory" ? { peakBytes: memory() } : await work(question));
    } catch (error) {
      say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
}
