/** TensorBoard's events as bytes. tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto. */

import { OptionError } from "@dl/core";
import type { Histogram } from "./histogram.ts";
import { ProtobufMessage } from "./protobuf.ts";

/** When something happened. */
export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** The training step. */
  readonly step: number;
}

/** An image in a file format TensorBoard shows. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 RGB, 4 RGBA. */
  readonly channels: number;
  readonly png: Uint8Array;
}

/** The first event of a file. */
export function fileVersionEvent(time: EventTime): Uint8Array {
  return event(time).text(3, "brain.Event:2").finish();
}

/** Tells TensorBoard to forget what earlier files say of `time.step` and later: those steps run again. */
export function restartEvent(time: EventTime): Uint8Array {
  const start = 1;
  return event(time).message(7, new ProtobufMessage().integer(1, start)).finish();
}

export function scalarEvent(time: EventTime, tag: string, value: number): Uint8Array {
  return summaryEvent(time, new ProtobufMessage().text(1, tag).float(2, value));
}

export function histogramEvent(time: EventTime, tag: string, histogram: Histogram): Uint8Array {
  const { min, max, count, sum, sumOfSquares, limits, counts } = histogram;
  const message = new ProtobufMessage().double(1, min).double(2, max).double(3, count).double(4, sum).double(5, sumOfSquares);
  return summaryEvent(time, new ProtobufMessage().text(1, tag).message(5, message.doubles(6, limits).doubles(7, counts)));
}

export function imageEvent(time: EventTime, tag: string, { width, height, channels, png }: EncodedImage): Uint8Array {
  const message = new ProtobufMessage().integer(1, height).integer(2, width).integer(3, channels).bytes(4, png);
  return summaryEvent(time, new ProtobufMessage().text(1, tag).message(4, message));
}

/** Markdown, shown by TensorBoard's text tab. */
export function textEvent(time: EventTime, tag: string, markdown: string): Uint8Array {
  const plugin = new ProtobufMessage().text(1, "text");
  const metadata = new ProtobufMessage().message(1, plugin);
  const dtString = 7;
  const vectorOfOne = new ProtobufMessage().message(2, new ProtobufMessage().integer(1, 1));
  const tensor = new ProtobufMessage().integer(1, dtString).message(2, vectorOfOne).bytes(8, new TextEncoder().encode(markdown));
  return summaryEvent(time, new ProtobufMessage().text(1, tag).message(8, tensor).message(9, metadata));
}

function summaryEvent(time: EventTime, value: ProtobufMessage): Uint8Array {
  return event(time).message(5, new ProtobufMessage().message(1, value)).finish();
}

function event({ wallTime, step }: EventTime): ProtobufMessage {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new OptionError(`TensorBoard event: expected a whole step of at least 0, got ${step}.`);
  return new ProtobufMessage().double(1, wallTime).integer(2, step);
}
