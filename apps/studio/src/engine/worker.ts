/** The worker that trains: one device, one job at a time. `protocol.ts` says what it hears and tells. */

import type { Device } from "@dl/core";
import { isDeviceLost } from "./device-lost.ts";
import type { JobSession, OpenJob } from "./job.ts";
import { openChosen } from "./open-device.ts";
import { Pacer } from "./pacer.ts";
import type { FromWorker, JobContract, JobName, Problem, ToWorker } from "./protocol.ts";

/** What this file uses of a worker's global scope. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}
const page = globalThis as unknown as WorkerScope;

/** Loaded when they are first started. */
const jobs: Readonly<Record<JobName, () => Promise<OpenJob<never>>>> = {
  circle: async () => (await import("../panels/home/job.ts")).openCircle,
  classify: async () => (await import("../panels/classify/job.ts")).openClassify,
  devices: async () => (await import("../panels/devices/job.ts")).openDevices,
  play: async () => (await import("../panels/play/job.ts")).openPlay,
  generate: async () => (await import("../panels/generate/job.ts")).openGenerate,
  write: async () => (await import("../panels/write/job.ts")).openWrite,
  evolve: async () => (await import("../panels/evolve/job.ts")).openEvolve,
};

/** Milliseconds between two batches of events, and between two savings of the run. */
const eventsEvery = 100;
const filesEvery = 15_000;

let device: Device | undefined;
let session: JobSession<JobContract> | undefined;
let controller = new AbortController();
let pacer = new Pacer();
let events: unknown[] = [];
let lastEvents = 0;
let lastFiles = 0;
/** Messages are taken one after the other. */
let queue: Promise<void> = Promise.resolve();

function flush(): void {
  if (events.length > 0) page.postMessage({ kind: "events", events });
  events = [];
  lastEvents = performance.now();
}

async function sendFiles(): Promise<void> {
  lastFiles = performance.now();
  const files = await session?.files();
  if (files) page.postMessage({ kind: "files", files });
}

function problemOf(error: unknown): Problem {
  return { message: error instanceof Error ? error.message : String(error), lost: isDeviceLost(error) };
}

async function open(choice: Extract<ToWorker, { kind: "open" }>["device"]): Promise<void> {
  await close();
  await device?.[Symbol.asyncDispose]();
  device = undefined;
  const opened = await openChosen(choice);
  device = opened.device;
  page.postMessage({ kind: "opened", device: opened.report });
}

/** Ends the job, if there is one. */
async function close(): Promise<void> {
  controller.abort();
  pacer.resume();
  await running;
  await session?.[Symbol.asyncDispose]();
  session = undefined;
}

let running: Promise<void> = Promise.resolve();
/** From the start of a job to its end: a pause that comes later is none. */
let isTraining = false;

async function start({ job, settings, payload, files }: Extract<ToWorker, { kind: "start" }>): Promise<void> {
  await close();
  controller = new AbortController();
  pacer = new Pacer();
  const { signal } = controller;
  const openJob = (await jobs[job]().catch((error: Error) => {
    throw new Error(`What trains this could not be loaded (${error.message}). Check the connection, and start again.`);
  })) as OpenJob<JobContract>;
  const emit = (event: unknown): void => {
    events.push(event);
    if (performance.now() - lastEvents > eventsEvery) flush();
  };
  session = await openJob({ device: device!, pacer, settings: settings as object, payload, files, signal, emit });
  const current = session;
  lastFiles = performance.now();
  pacer.onTurn = async () => {
    if (performance.now() - lastEvents > eventsEvery) flush();
    if (performance.now() - lastFiles > filesEvery) await sendFiles();
  };
  pacer.onPaused = () => {
    flush();
    page.postMessage({ kind: "status", status: "paused" });
  };
  page.postMessage({ kind: "status", status: "running" });
  isTraining = true;
  running = pacer
    .training(() => current.run())
    .finally(() => (isTraining = false))
    .then(async (reason) => {
      flush();
      if (signal.aborted) return;
      await sendFiles();
      page.postMessage({ kind: "status", status: "done", reason });
    })
    .catch((error: unknown) => {
      flush();
      if (!signal.aborted) page.postMessage({ kind: "problem", problem: problemOf(error) });
    });
}

/** Between two steps. */
async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  try {
    page.postMessage({ kind: "answer", id, answer: await pacer.between(work) });
  } catch (error) {
    page.postMessage({ kind: "refused", id, problem: problemOf(error) });
  }
}

async function take(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "open":
      return open(message.device);
    case "start":
      return start(message);
    case "pause":
      if (pacer.isPaused || !isTraining) return;
      pacer.pause();
      // After the step at hand: its event is to be seen in the pause.
      await pacer.between(async () => {
        flush();
        await sendFiles();
      });
      page.postMessage({ kind: "status", status: "paused" });
      return;
    case "resume":
      if (!isTraining) return;
      pacer.resume();
      page.postMessage({ kind: "status", status: "running" });
      return;
    case "step":
      if (isTraining) pacer.step();
      return;
    case "stop":
      await close();
      page.postMessage({ kind: "status", status: "idle" });
      return;
    case "save":
      await pacer.between(sendFiles);
      return;
    // Not awaited: a question waits for the step at hand, and a pause must not wait for the question.
    case "ask": {
      const { id, name, question } = message;
      void answer(id, async () => {
        const ask = session?.asks[name];
        if (!ask) throw new Error("Nothing has been trained here yet. Start a training first.");
        return await ask(question);
      });
      return;
    }
    case "memory":
      void answer(message.id, async () => device!.memory());
      return;
    default:
      return message satisfies never;
  }
}

page.onmessage = ({ data }) => {
  queue = queue.then(() => take(data)).catch((error: unknown) => page.postMessage({ kind: "problem", problem: problemOf(error) }));
};
