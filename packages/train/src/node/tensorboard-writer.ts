/** Event files that TensorBoard opens: `tensorboard --logdir runs`. */

import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { OptionError } from "@dl/core";
import { encodePng, type Pixels } from "../pixels.ts";
import {
  type EventTime,
  fileVersionEvent,
  histogramEvent,
  imageEvent,
  restartEvent,
  scalarEvent,
  textEvent,
} from "../tensorboard/events.ts";
import { histogramOf } from "../tensorboard/histogram.ts";
import { tfRecord } from "../tensorboard/tfrecord.ts";
import { errorCode, FileError, fileError } from "./file-error.ts";

export interface TensorBoardWriterOptions {
  /** The step of the checkpoint this run goes on from: TensorBoard forgets what older files say of later steps. Default: none. */
  readonly resumedStep?: number;
  /** How long an event may wait in memory, in seconds, before the next one flushes both. Default 10. */
  readonly flushSeconds?: number;
  /** Seconds since 1970. Default: this machine's clock. */
  readonly clock?: () => number;
}

/** Which training step an event belongs to. */
export interface AtStep {
  readonly step: number;
}

const flushBytes = 1 << 16;

/**
 * Writes one event file of a run. Files are never opened again: a resumed run writes another into the same folder, and TensorBoard joins them.
 *
 * Events wait in memory until 64 KiB or `flushSeconds` have passed, `flush` or `close`; then whole records are appended, so
 * a killed process loses the waiting ones and leaves a readable file.
 *
 * @example
 * using board = new TensorBoardWriter("runs/lenet/tensorboard");
 * board.scalar("loss/train", 0.31, { step: 100 });
 */
export class TensorBoardWriter {
  readonly path: string;
  readonly #clock: () => number;
  readonly #flushMilliseconds: number;
  #file: number | undefined;
  /** Bytes of whole records in the file. */
  #length = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lastFlush: number = performance.now();

  constructor(folder: string, { resumedStep, flushSeconds = 10, clock = wallClock }: TensorBoardWriterOptions = {}) {
    if (!(flushSeconds >= 0)) throw new OptionError(`TensorBoardWriter: expected flushSeconds of at least 0, got ${flushSeconds}.`);
    this.#clock = clock;
    this.#flushMilliseconds = flushSeconds * 1000;
    const first = resumedStep === undefined ? 0 : resumedStep + 1;
    const opening = [fileVersionEvent(this.#time(first))];
    if (resumedStep !== undefined) opening.push(restartEvent(this.#time(first)));
    [this.path, this.#file] = openNew(folder, clock());
    for (const event of opening) this.#add(event);
    this.flush();
  }

  /** One number. NaN and infinities are written as they are. */
  scalar(tag: string, value: number, { step }: AtStep): void {
    this.#add(scalarEvent(this.#time(step), tag, value));
  }

  /** The distribution of finite values, such as a layer's weights. */
  histogram(tag: string, values: ArrayLike<number>, { step }: AtStep): void {
    this.#add(histogramEvent(this.#time(step), tag, histogramOf(tag, values)));
  }

  image(tag: string, image: Pixels, { step }: AtStep): void {
    const { width, height, channels } = image;
    this.#add(imageEvent(this.#time(step), tag, { width, height, channels, png: encodePng(image) }));
  }

  /** Markdown. */
  text(tag: string, markdown: string, { step }: AtStep): void {
    this.#add(textEvent(this.#time(step), tag, markdown));
  }

  /** Hands every waiting event to the system. */
  flush(): void {
    const file = this.#openFile();
    this.#lastFlush = performance.now();
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.concat(this.#waiting);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, this.#length + at);
      this.#length += bytes.length;
      this.#waiting = [];
      this.#waitingBytes = 0;
    } catch (error) {
      // Half a record would hide every record after it.
      ftruncateSync(file, this.#length);
      throw fileError("TensorBoardWriter.flush", `to append ${bytes.length} bytes to ${this.path}`, error);
    }
  }

  /** Flushes to the disk and closes. A second call does nothing. */
  close(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    try {
      this.flush();
      fsyncSync(file);
    } finally {
      this.#file = undefined;
      closeSync(file);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #time(step: number): EventTime {
    return { wallTime: this.#clock(), step };
  }

  #add(event: Uint8Array): void {
    this.#openFile();
    const record = tfRecord(event);
    this.#waiting.push(record);
    this.#waitingBytes += record.length;
    if (this.#waitingBytes >= flushBytes || performance.now() - this.#lastFlush >= this.#flushMilliseconds) this.flush();
  }

  #openFile(): number {
    if (this.#file === undefined) throw new FileError(`TensorBoardWriter: expected an open file, got ${this.path} after close().`);
    return this.#file;
  }
}

/** A file nobody has: TensorBoard finds it by `tfevents` in its name and reads a folder's files in the order of their names. */
function openNew(folder: string, seconds: number): [string, number] {
  try {
    mkdirSync(folder, { recursive: true });
    const stem = `events.out.tfevents.${String(Math.floor(seconds)).padStart(10, "0")}.${hostname()}.${process.pid}`;
    for (let count = 0; ; count++) {
      const path = join(folder, `${stem}.${count}`);
      try {
        return [path, openSync(path, "wx")];
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    throw fileError("TensorBoardWriter", `to make an event file in ${folder}`, error);
  }
}

function wallClock(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}
