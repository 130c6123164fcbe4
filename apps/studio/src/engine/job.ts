/** What a panel's job is to the worker that runs it. */

import type { Device } from "@dl/core";
import type { Pacer } from "./pacer.ts";
import type { JobContract, RunFiles } from "./protocol.ts";

/** What a job is given. */
export interface JobContext<C extends JobContract> {
  readonly device: Device;
  /** `await pacer.turn()` after every step: the place where it is paused and asked. */
  readonly pacer: Pacer;
  readonly settings: C["settings"];
  readonly payload: C["payload"];
  /** A run to go on with. */
  readonly files: RunFiles | undefined;
  /** Aborted when the job is to end. */
  readonly signal: AbortSignal;
  /** Tells the page, with the next batch of events. */
  emit(event: C["event"]): void;
}

/** A job that is set up. */
export interface JobSession<C extends JobContract> extends AsyncDisposable {
  /** Trains to the end, and gives the reason it ended. */
  run(): Promise<string>;
  /** The run as files, from which it can go on; undefined while there is nothing worth keeping. */
  files(): Promise<RunFiles | undefined>;
  /** Answers to questions, asked between steps and after the end. */
  readonly asks: { readonly [Name in keyof C["asks"]]: (question: C["asks"][Name]["question"]) => Promise<C["asks"][Name]["answer"]> };
}

/** Sets a job up; rejects when its settings or files make no sense. */
export type OpenJob<C extends JobContract> = (context: JobContext<C>) => Promise<JobSession<C>>;
