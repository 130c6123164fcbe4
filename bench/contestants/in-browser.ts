/** The browser's side of a contestant: a worker that greets its page and answers what the page passes on. */

import { answering, type Prepare, type WorkQuestion } from "./answering.ts";
import type { Failure, Greeting } from "./protocol.ts";

/** Greets, then answers every message. */
export function serveInWorker(greeting: Greeting, prepare: Prepare): void {
  const answer = answering(prepare);
  addEventListener("message", async ({ data }: MessageEvent<WorkQuestion>) => {
    try {
      postMessage(await answer(data));
    } catch (error) {
      postMessage(failureOf(error));
    }
  });
  postMessage(greeting);
}

export function failureOf(error: unknown): Failure {
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The file of weights and inputs, as the runner keeps it. */
export async function receive(): Promise<Uint8Array> {
  const response = await fetch("/exchange");
  if (!response.ok) throw new Error(`/exchange: expected the weights and inputs, got ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

export async function send(file: Uint8Array): Promise<void> {
  const response = await fetch("/exchange", { method: "PUT", body: file as Uint8Array<ArrayBuffer> });
  if (!response.ok) throw new Error(`/exchange: expected to be heard, got ${response.status}.`);
}
