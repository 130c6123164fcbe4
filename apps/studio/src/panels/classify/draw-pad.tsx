/** A pad to draw a digit on, and what the network takes it for, stroke by stroke. */

import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { Pixels } from "../../charts/pixels.tsx";
import { Bars } from "../../widgets/bars.tsx";
import { digitOf } from "./digit.ts";
import { engine, images, latest } from "./training.ts";

const side = 280;
/** Milliseconds between two predictions while a training goes on. */
const askEvery = 400;

export function DrawPad(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const digit = useSignal<Float32Array | undefined>(undefined);
  const shares = useSignal<Float32Array | undefined>(undefined);
  const problem = useSignal("");
  const pen = useRef<{ x: number; y: number } | undefined>(undefined);
  const asked = useRef({ isWaiting: false, isStale: false, at: 0 });
  const { classNames } = images.value ?? { classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] };

  const ask = (): void => {
    const image = digit.peek();
    if (!image || engine.status.peek() === "idle") return;
    if (asked.current.isWaiting) {
      asked.current.isStale = true;
      return;
    }
    asked.current = { isWaiting: true, isStale: false, at: performance.now() };
    engine
      .ask("predict", { image })
      .then(
        (answer) => {
          shares.value = answer;
          problem.value = "";
        },
        (error: Error) => {
          problem.value = error.message;
        },
      )
      .finally(() => {
        asked.current.isWaiting = false;
        if (asked.current.isStale) ask();
      });
  };

  const read = (): void => {
    const { data } = canvas.current!.getContext("2d")!.getImageData(0, 0, side, side);
    // The pen draws opaque ink on nothing: alpha is the ink.
    digit.value = digitOf({ size: side, data: Float32Array.from({ length: side * side }, (_, i) => data[4 * i + 3]! / 255) });
    ask();
  };
  const at = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.current!.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * side, y: ((event.clientY - box.top) / box.height) * side };
  };
  const draw = (event: PointerEvent): void => {
    if (!pen.current) return;
    const context = canvas.current!.getContext("2d")!;
    const to = at(event);
    context.strokeStyle = getComputedStyle(canvas.current!).color;
    context.lineWidth = 20;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(pen.current.x, pen.current.y);
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
    pen.current = to;
    read();
  };
  const clear = (): void => {
    canvas.current!.getContext("2d")!.clearRect(0, 0, side, side);
    digit.value = undefined;
    shares.value = undefined;
  };
  // While the network learns, its answer to the same drawing changes.
  useSignalEffect(() => {
    if (latest.value && performance.now() - asked.current.at > askEvery) ask();
  });

  return (
    <section class="card stack" aria-label="Draw">
      <header style="margin:0">
        <h2>Draw one</h2>
        <button type="button" class="quiet" onClick={clear}>
          Clear
        </button>
      </header>
      <div class="draw">
        <div class="pad">
          <canvas
            ref={canvas}
            width={side}
            height={side}
            tabIndex={0}
            aria-label="Drawing pad: draw with mouse, pen or finger"
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              pen.current = at(event);
              draw(event);
            }}
            onPointerMove={draw}
            onPointerUp={() => (pen.current = undefined)}
            onPointerCancel={() => (pen.current = undefined)}
          />
          {digit.value ? (
            <figure title="What the network sees">
              <Pixels data={digit.value} shape={[28, 28, 1]} label="What the network sees: 28 by 28 pixels" size={56} />
            </figure>
          ) : (
            <p class="soft small">Draw here</p>
          )}
        </div>
        <Bars names={classNames} shares={shares.value} />
      </div>
      {engine.status.value === "idle" && <p class="soft small">Train first: then every stroke is answered.</p>}
      {problem.value && <p class="problem small">{problem.value}</p>}
    </section>
  );
}
