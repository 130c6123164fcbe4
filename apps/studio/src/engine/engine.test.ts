import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Engine } from "./engine.ts";
import type { FromWorker, JobContract, ToWorker } from "./protocol.ts";

/** A worker that answers what it is asked, and remembers it. */
class ObedientWorker {
  static last: ObedientWorker;
  readonly heard: ToWorker["kind"][] = [];
  onmessage: ((event: { data: FromWorker }) => void) | undefined;
  constructor() {
    ObedientWorker.last = this;
  }
  postMessage({ kind }: ToWorker): void {
    this.heard.push(kind);
    if (kind === "open") this.say({ kind: "opened", device: { name: "paper", skipped: [], isolated: false } });
    else if (kind === "start" || kind === "resume") this.say({ kind: "status", status: "running" });
    else if (kind === "pause") this.say({ kind: "status", status: "paused" });
  }
  say(data: FromWorker): void {
    this.onmessage?.({ data });
  }
  terminate(): void {}
}

let engine: Engine<JobContract>;
beforeEach(async () => {
  vi.stubGlobal("Worker", ObedientWorker);
  engine = new Engine({ job: "classify", onEvents: () => undefined });
  await engine.start({ settings: {}, payload: undefined, device: "cpu" });
});
afterEach(() => {
  engine.close();
  vi.unstubAllGlobals();
});

test("a training sleeps once, and wakes once", () => {
  engine.sleep();
  engine.sleep();
  expect(engine.status.value).toBe("paused");
  engine.wake();
  engine.wake();
  expect(engine.status.value).toBe("running");
  expect(ObedientWorker.last.heard).toEqual(["open", "start", "pause", "resume"]);
});

test("a pause of the user's stays one through sleep and waking", () => {
  engine.pause();
  engine.sleep();
  engine.wake();
  expect(engine.status.value).toBe("paused");
  expect(ObedientWorker.last.heard).toEqual(["open", "start", "pause"]);
});

test("what ended in its sleep is not woken, nor what was started after it", async () => {
  engine.sleep();
  engine.reset();
  engine.wake();
  expect(engine.status.value).toBe("idle");
  await engine.start({ settings: {}, payload: undefined, device: "cpu" });
  engine.pause();
  engine.wake();
  expect(engine.status.value).toBe("paused");
});

test("a second engine that starts has the first wait", async () => {
  const first = ObedientWorker.last;
  const second = new Engine<JobContract>({ job: "write", onEvents: () => undefined });
  await second.start({ settings: {}, payload: undefined, device: "cpu" });
  expect([engine.status.value, second.status.value]).toEqual(["paused", "running"]);
  engine.resume();
  expect(first.heard.at(-1)).toBe("resume");
  expect([engine.status.value, second.status.value]).toEqual(["running", "paused"]);
  second.close();
});
