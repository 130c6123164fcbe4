/** A pad to draw a digit on, and what the network takes it for, stroke by stroke. */

import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { Pixels } from "../../charts/pixels.tsx";
import { Bars } from "../../widgets/bars.tsx";
import { LatestQuestion } from "../../widgets/latest-question.ts";
import { digitOf } from "./digit.ts";
import { engine, images, latest } from "./training.ts";

const side = 280;
/** Milliseconds between two predictions while a training goes on. */
const askEvery = 400;
/** Pixels of the pad that an arrow key moves the pen: with this pen, strokes without gaps. */
const keyStep = 10;
const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Place {
  readonly x: number;
  readonly y: number;
}

export function DrawPad(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const digit = useSignal<Float32Array | undefined>(undefined);
  const shares = useSignal<Float32Array | undefined>(undefined);
  const problem = useSignal("");
  const pen = useRef<Place | undefined>(undefined);
  /** Where the keys have brought the pen, and whether it touches the paper; undefined until one is pressed. */
  const keyPen = useSignal<{ readonly x: number; readonly y: number; readonly isDown: boolean } | undefined>(undefined);
  const { classNames } = images.value ?? { classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] };

  const question = useMemo(
    () =>
      new LatestQuestion(async () => {
        const image = digit.peek();
        if (!image || engine.status.peek() === "idle") return;
        try {
          shares.value = await engine.ask("predict", { image });
          problem.value = "";
        } catch (error) {
          problem.value = (error as Error).message;
        }
      }),
    [],
  );

  const read = (): void => {
    const { data } = canvas.current!.getContext("2d")!.getImageData(0, 0, side, side);
    // The pen draws opaque ink on nothing: alpha is the ink.
    digit.value = digitOf({ size: side, data: Float32Array.from({ length: side * side }, (_, i) => data[4 * i + 3]! / 255) });
    void question.ask();
  };
  const at = (event: PointerEvent): Place => {
    const box = canvas.current!.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * side, y: ((event.clientY - box.top) / box.height) * side };
  };
  const line = (from: Place, to: Place): void => {
    const context = canvas.current!.getContext("2d")!;
    context.strokeStyle = getComputedStyle(canvas.current!).color;
    context.lineWidth = 20;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
    read();
  };
  const draw = (event: PointerEvent): void => {
    if (!pen.current) return;
    const to = at(event);
    line(pen.current, to);
    pen.current = to;
  };
  const press = (event: KeyboardEvent): void => {
    const before = keyPen.peek() ?? { x: side / 2, y: side / 2, isDown: false };
    const way = arrows[event.key];
    if (way) {
      const reach = (value: number): number => Math.max(0, Math.min(side, value));
      const to = { x: reach(before.x + keyStep * way[0]), y: reach(before.y + keyStep * way[1]) };
      if (before.isDown) line(before, to);
      keyPen.value = { ...to, isDown: before.isDown };
    } else if (event.key === " ") {
      if (!before.isDown) line(before, before);
      keyPen.value = { ...before, isDown: !before.isDown };
    } else if (event.key === "Delete" || event.key === "Backspace") clear();
    else return;
    // Neither scrolls the page.
    event.preventDefault();
  };
  const clear = (): void => {
    canvas.current!.getContext("2d")!.clearRect(0, 0, side, side);
    digit.value = undefined;
    shares.value = undefined;
  };
  // While the network learns, its answer to the same drawing changes.
  useSignalEffect(() => {
    if (latest.value && question.age > askEvery) void question.ask();
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
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it tells screen readers that arrows and space are the pad's own. */}
          <canvas
            ref={canvas}
            width={side}
            height={side}
            tabIndex={0}
            role="application"
            aria-label="Drawing pad: draw with mouse, pen or finger. By keyboard, arrows move the pen, space puts it down and lifts it, delete clears"
            onKeyDown={press}
            onBlur={() => (keyPen.value = undefined)}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              pen.current = at(event);
              draw(event);
            }}
            onPointerMove={draw}
            onPointerUp={() => (pen.current = undefined)}
            onPointerCancel={() => (pen.current = undefined)}
          />
          {keyPen.value && (
            <i
              class={keyPen.value.isDown ? "key-pen down" : "key-pen"}
              style={`left:${(100 * keyPen.value.x) / side}%;top:${(100 * keyPen.value.y) / side}%`}
            />
          )}
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
