/**
 * What the page and the training worker say to each other.
 *
 * The page opens a device, starts a job on it, and steers the job; the worker streams what happens, a few times a second, and keeps
 * sending the files of the run, from which it can go on. Questions (a prediction, a heat map) are answered between two steps.
 *
 * | the page says       | the worker answers                                                                                |
 * | ------------------- | ------------------------------------------------------------------------------------------------- |
 * | `open`              | `opened` with the device and what was skipped, or `problem`                                       |
 * | `start`             | `status` running, then `events` and `files` again and again, and `status` done with the reason    |
 * | `pause`, `resume`   | `status`; a pause sends `files` first                                                             |
 * | `step`              | one step, and `status` paused again                                                               |
 * | `stop`              | `status` idle; the job and its memory are gone                                                    |
 * | `save`              | `files`, between two steps                                                                        |
 * | `ask`, `memory`     | `answer` or `refused`, with the number of the question                                            |
 *
 * An error that ends the job is a `problem`; `lost: true` when the device is gone and the last files can go on with another.
 */

/** What the user asked for. `auto`: WebGPU on a real GPU, else wasm with the threads there are. */
export type DeviceChoice = "auto" | "webgpu" | "wasm" | "wasm-1" | "cpu";

/** Names of the jobs: a folder of `panels` each, except for `home`'s. */
export type JobName = "circle" | "classify" | "devices" | "play" | "generate" | "write" | "evolve";

/** The files of a run by name, as `dl train` writes them into its folder. */
export type RunFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** A device that opened, and why the ones before it did not. */
export interface DeviceReport {
  /** Such as `wasm (relaxed SIMD, 4 threads)`. */
  readonly name: string;
  readonly skipped: readonly { readonly backend: string; readonly reason: string }[];
  /** Whether the page may share memory, which threads need. */
  readonly isolated: boolean;
}

export type RunStatus = "idle" | "opening" | "running" | "paused" | "done" | "failed";

/** An error, for people. */
export interface Problem {
  readonly message: string;
  /** The device is gone; the run can go on from its last files on another. */
  readonly lost: boolean;
}

export type ToWorker =
  | { readonly kind: "open"; readonly device: DeviceChoice }
  | { readonly kind: "start"; readonly job: JobName; readonly settings: unknown; readonly payload: unknown; readonly files?: RunFiles }
  | { readonly kind: "pause" | "resume" | "step" | "stop" | "save" }
  | { readonly kind: "memory"; readonly id: number }
  | { readonly kind: "ask"; readonly id: number; readonly name: string; readonly question: unknown };

export type FromWorker =
  | { readonly kind: "opened"; readonly device: DeviceReport }
  | { readonly kind: "status"; readonly status: RunStatus; readonly reason?: string }
  | { readonly kind: "events"; readonly events: readonly unknown[] }
  | { readonly kind: "files"; readonly files: RunFiles }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "refused"; readonly id: number; readonly problem: Problem }
  | { readonly kind: "problem"; readonly problem: Problem };

/** The types of one job: what it is set up with, what it tells, and what can be asked of it. */
export interface JobContract {
  readonly settings: object;
  /** What comes with the start and is not part of the settings: images, a text. */
  readonly payload: unknown;
  readonly event: unknown;
  readonly asks: Readonly<Record<string, { readonly question: unknown; readonly answer: unknown }>>;
}
