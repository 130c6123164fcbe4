import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Engine } from "./engine.ts";
import type { FromWorker, JobContract, ToWorker } from "./protocol.ts";

/** A worker that answers what it is asked, and remembers it. */
class ObedientWorker {
  static last: ObedientWorker;
  /** Whether a device takes as long to open as the test wants. */
  static isSlow = false;
  readonly heard: ToWorker["kind"][] = [];
  onmessage: ((event: { data: FromWorker }) => void) | undefined;
  onerror: ((event: Partial<ErrorEvent>) => void) | undefined;
  constructor() {
    ObedientWorker.last = this;
  }
  postMessage({ kind }: ToWorker): void {
    this.heard.push(kind);
    if (kind === "open" && !ObedientWorker.isSlow) this.open();
    else if (kind === "start" || kind === "resume") this.say({ kind: "status", status: "running" });
    else if (kind === "pause") this.say({ kind: "status", status: "paused" });
  }
  open(): void {
    this.say({ kind: "opened", device: { name: "paper", skipped: [], isolated: false } });
  }
  say(data: FromWorker): void {
    this.onmessage?.({ data });
  }
  terminate(): void {}
}

let engine: Engine<JobContract>;
beforeEach(async () => {
  vi.stubGlobal("Worker", ObedientWorker);
  ObedientWorker.isSlow = false;
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

test("a start that is forgotten before its device is open ends, and says nothing", async () => {
  ObedientWorker.isSlow = true;
  const options = { settings: {}, payload: undefined, device: "wasm" } as const;
  const forgotten = engine.start(options);
  engine.reset();
  await forgotten;
  expect([engine.status.value, engine.problem.value]).toEqual(["idle", undefined]);
  // Also one that another start has overtaken: only the newer trains.
  const overtaken = engine.start(options);
  const newer = engine.start(options);
  await overtaken;
  ObedientWorker.last.open();
  await newer;
  expect([engine.status.value, engine.problem.value]).toEqual(["running", undefined]);
  expect(ObedientWorker.last.heard).toEqual(["open", "start"]);
});

test("what a run still says once another was started in its place is not taken for the other's", async () => {
  const heard: unknown[] = [];
  const one = new Engine({ job: "play", onEvents: (events) => heard.push(...events), onFiles: (files) => heard.push(files) });
  const options = { settings: {}, payload: undefined, device: "wasm" } as const;
  await one.start(options);
  const first = ObedientWorker.last;
  await one.start(options);
  first.say({ kind: "events", events: ["of the first"] });
  first.say({ kind: "files", files: {} });
  ObedientWorker.last.say({ kind: "events", events: ["of the second"] });
  expect(heard).toEqual(["of the second"]);
  one.close();
});

test("an engine whose device opens after another has started begins with a pause", async () => {
  const options = { settings: {}, payload: undefined, device: "wasm" } as const;
  ObedientWorker.isSlow = true;
  const slow = engine.start(options);
  const its = ObedientWorker.last;
  ObedientWorker.isSlow = false;
  const second = new Engine<JobContract>({ job: "write", onEvents: () => undefined });
  await second.start(options);
  its.open();
  await slow;
  expect([engine.status.value, second.status.value]).toEqual(["paused", "running"]);
  second.close();
});

test("a worker that never spoke is told from one that died at its work", async () => {
  const dies = (): void => ObedientWorker.last.onerror?.({ message: "", preventDefault: () => undefined });
  dies();
  expect(engine.problem.value).toMatchObject({ message: expect.stringMatching(/lack of memory/), lost: true });
  ObedientWorker.isSlow = true;
  const started = engine.start({ settings: {}, payload: undefined, device: "wasm" });
  dies();
  await started;
  expect(engine.problem.value?.message).toMatch(/could not be loaded\. Check the connection/);
});
