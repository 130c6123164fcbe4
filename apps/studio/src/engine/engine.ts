/** The page's side of a training: a worker, what it last said as signals, and the way to steer it. */

import type { Device } from "@dl/core";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { DeviceChoice, DeviceReport, FromWorker, JobContract, JobName, Problem, RunFiles, RunStatus, ToWorker } from "./protocol.ts";

export interface EngineOptions<C extends JobContract> {
  readonly job: JobName;
  /** What the job told, a few times a second, in order. */
  readonly onEvents: (events: readonly C["event"][]) => void;
  /** The run so far; called every fifteen seconds, at pauses and at the end. */
  readonly onFiles?: (files: RunFiles) => void;
}

export interface StartOptions<C extends JobContract> {
  readonly settings: C["settings"];
  readonly payload: C["payload"];
  readonly files?: RunFiles | undefined;
  readonly device: DeviceChoice;
}

/** One engine at work at a time: the others are paused when it starts, so that a device is not shared. */
const engines = new Set<Engine<JobContract>>();

/** Every engine that was made, for the shell to show their devices. */
export const openEngines: Signal<readonly Engine<JobContract>[]> = signal([]);

/** The engine that is training, for the shell to show. */
export const atWork: Signal<JobName | undefined> = signal(undefined);

/** Errors of a worker that ended before it could say why: while it trained, and before it had said anything. */
const crashed =
  "The training worker ended unexpectedly, which is most often a lack of memory. Start again with a smaller batch or network.";
const unstarted = "The training worker could not be loaded. Check the connection, reload the page, and start again.";

export class Engine<C extends JobContract> {
  readonly job: JobName;
  readonly #status: Signal<RunStatus> = signal("idle");
  readonly #reason: Signal<string> = signal("");
  readonly #device: Signal<DeviceReport | undefined> = signal(undefined);
  readonly #problem: Signal<Problem | undefined> = signal(undefined);
  readonly #options: EngineOptions<C>;
  readonly #asked = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  #worker: Worker | undefined;
  /** What the device was opened for. */
  #choice: DeviceChoice | undefined;
  #last: StartOptions<C> | undefined;
  #files: RunFiles | undefined;
  #count = 0;
  #isAsleep = false;
  /** Another engine started while this one opened its device: it begins with a pause. */
  #yields = false;
  /** Counts starts and ends: what a start finds changed after its device opened, it leaves alone. */
  #turn = 0;
  #opening: { resolve: (report: DeviceReport) => void; reject: (error: Error) => void } | undefined;

  constructor(options: EngineOptions<C>) {
    this.#options = options;
    this.job = options.job;
    engines.add(this as unknown as Engine<JobContract>);
    openEngines.value = [...engines];
  }

  get status(): ReadonlySignal<RunStatus> {
    return this.#status;
  }
  /** Why the run ended. */
  get reason(): ReadonlySignal<string> {
    return this.#reason;
  }
  get device(): ReadonlySignal<DeviceReport | undefined> {
    return this.#device;
  }
  get problem(): ReadonlySignal<Problem | undefined> {
    return this.#problem;
  }
  /** The run's files as they last were. */
  get files(): RunFiles | undefined {
    return this.#files;
  }

  /** Opens the device and starts the job from the beginning, or from `files`. */
  async start(options: StartOptions<C>): Promise<void> {
    const turn = ++this.#turn;
    this.#last = options;
    this.#files = options.files;
    this.#problem.value = undefined;
    this.#reason.value = "";
    this.#yields = false;
    // What the run before still has to say, and to keep, is none of this one's.
    if (this.#status.value === "running" || this.#status.value === "paused") this.#terminate();
    this.#setStatus("opening");
    for (const other of engines) if ((other as unknown) !== this) other.#yield();
    try {
      await this.open(options.device);
    } catch (error) {
      if (turn !== this.#turn) return;
      // A run that was to go on can still do so, on another device.
      this.#fail({ message: error instanceof Error ? error.message : String(error), lost: options.files !== undefined });
      return;
    }
    if (turn !== this.#turn) return;
    const { settings, payload, files } = options;
    this.#post({ kind: "start", job: this.job, settings, payload, ...(files && { files }) });
  }

  /** The device, opened if it is not yet. Rejects with the reason it cannot be. */
  async open(choice: DeviceChoice): Promise<DeviceReport> {
    if (this.#worker && this.#choice === choice && this.#device.value) return this.#device.value;
    this.#terminate();
    this.#choice = choice;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: this.job });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (worker === this.#worker) this.#hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const silent = this.#opening ? unstarted : crashed;
      if (worker === this.#worker)
        this.#fail({ message: event.message ? `The training worker failed: ${event.message}` : silent, lost: true });
    };
    const opened = new Promise<DeviceReport>((resolve, reject) => {
      this.#opening = { resolve, reject };
    });
    this.#post({ kind: "open", device: choice });
    return await opened;
  }

  pause(): void {
    if (this.#status.value === "running") this.#post({ kind: "pause" });
  }
  resume(): void {
    if (this.#status.value !== "paused") return;
    for (const other of engines) if ((other as unknown) !== this) other.#yield();
    this.#post({ kind: "resume" });
  }

  /** Leaves the processor to another engine, at once or as soon as it trains. */
  #yield(): void {
    this.#yields = this.#status.value === "opening";
    this.pause();
  }

  step(): void {
    if (this.#status.value === "paused") this.#post({ kind: "step" });
  }

  /** Has the run's files sent now, so that a tab that is thrown away loses nothing. */
  save(): void {
    if (this.#status.value === "running") this.#post({ kind: "save" });
  }

  /** Stops after the step at hand, if it is training, until `wake`. */
  sleep(): void {
    if (this.#isAsleep || this.#status.value !== "running") return;
    this.#isAsleep = true;
    this.#post({ kind: "pause" });
  }

  /** Goes on where `sleep` stopped it; a pause of the user's stays one. */
  wake(): void {
    if (this.#isAsleep) this.#post({ kind: "resume" });
    this.#isAsleep = false;
  }

  /** Ends the job and its worker: the device's memory goes with it. */
  reset(): void {
    this.#turn++;
    this.#terminate();
    this.#files = undefined;
    this.#problem.value = undefined;
    this.#reason.value = "";
    this.#setStatus("idle");
  }

  /** Ends the engine for good. */
  close(): void {
    this.reset();
    engines.delete(this as unknown as Engine<JobContract>);
    openEngines.value = [...engines];
  }

  /** Goes on from the last files, on a device that opens anew: after the device was lost. */
  async goOn(device: DeviceChoice): Promise<void> {
    const last = this.#last;
    if (!last) return;
    this.#terminate();
    await this.start({ ...last, device, files: this.#files });
  }

  /** What the device holds between two steps. */
  memory(): Promise<ReturnType<Device["memory"]>> {
    return this.#question((id) => ({ kind: "memory", id }));
  }

  ask<Name extends keyof C["asks"] & string>(name: Name, question: C["asks"][Name]["question"]): Promise<C["asks"][Name]["answer"]> {
    return this.#question((id) => ({ kind: "ask", id, name, question }));
  }

  #question<A>(message: (id: number) => ToWorker): Promise<A> {
    if (!this.#worker) return Promise.reject(new Error("Nothing has been trained here yet. Start a training first."));
    const id = this.#count++;
    const answered = new Promise<A>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
    });
    this.#post(message(id));
    return answered;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "opened":
        this.#device.value = message.device;
        this.#opening?.resolve(message.device);
        this.#opening = undefined;
        return;
      case "status":
        this.#reason.value = message.reason ?? "";
        this.#setStatus(message.status);
        if (this.#yields) this.pause();
        this.#yields = false;
        return;
      case "events":
        this.#options.onEvents(message.events);
        return;
      case "files":
        this.#files = message.files;
        this.#options.onFiles?.(message.files);
        return;
      case "answer":
        this.#asked.get(message.id)?.resolve(message.answer as never);
        this.#asked.delete(message.id);
        return;
      case "refused":
        this.#asked.get(message.id)?.reject(new Error(message.problem.message));
        this.#asked.delete(message.id);
        return;
      case "problem":
        this.#fail(message.problem);
        return;
      default:
        message satisfies never;
    }
  }

  #fail(problem: Problem): void {
    const opening = this.#opening;
    this.#opening = undefined;
    // A device that does not open is told by `open`, which `start` awaits.
    if (opening) {
      this.#terminate();
      this.#setStatus("idle");
      opening.reject(new Error(problem.message));
      return;
    }
    if (problem.lost) this.#terminate();
    this.#problem.value = problem;
    this.#setStatus("failed");
  }

  #terminate(): void {
    this.#isAsleep = false;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#choice = undefined;
    this.#device.value = undefined;
    // Who waits for the device waits no longer.
    this.#opening?.reject(new Error("The training ended before its device was open."));
    this.#opening = undefined;
    for (const { reject } of this.#asked.values()) reject(new Error("The training ended before it could answer."));
    this.#asked.clear();
  }

  #setStatus(status: RunStatus): void {
    this.#status.value = status;
    if (status === "running") atWork.value = this.job;
    else if (atWork.value === this.job) atWork.value = undefined;
  }
}
