/** The world: the agent's last episode, or the user at the controls. */

import { Rng } from "@dl/core";
import { Box, environmentOf } from "@dl/rl";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { prefersStillness } from "../../shell/theme.ts";
import { short } from "../../widgets/reading.tsx";
import { isTyping } from "../../widgets/run-bar.tsx";
import type { TaskName } from "./contract.ts";
import { paintDrawing } from "./paint-drawing.ts";
import { engine, episode, task } from "./training.ts";
import { worldOf } from "./worlds.ts";

export function Stage(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isMine = useSignal(false);
  const caption = useSignal("");
  const world = worldOf(task.value);
  const takeOver = (): void => {
    isMine.value = true;
    // The arrows are the world's there; at the choice of who plays they choose.
    canvas.current!.focus();
  };
  useEffect(
    () =>
      isMine.value
        ? playByHand(canvas.current!, { name: task.value, onCaption: (text) => (caption.value = text) })
        : showAgent(canvas.current!, (text) => (caption.value = text)),
    [isMine.value, task.value],
  );
  return (
    <section class="card" aria-label="World">
      <header>
        <h2>{world.title}</h2>
        <div class="segments" role="radiogroup" aria-label="Who plays">
          <label>
            <input type="radio" name="who" checked={!isMine.value} onChange={() => (isMine.value = false)} />
            <span>Agent</span>
          </label>
          <label>
            <input type="radio" name="who" checked={isMine.value} onChange={takeOver} />
            <span>You</span>
          </label>
        </div>
      </header>
      <div class="stage">
        <canvas
          ref={canvas}
          width={900}
          height={450}
          tabIndex={isMine.value ? 0 : -1}
          role={isMine.value ? "application" : "img"}
          aria-label={`${world.title}, ${isMine.value ? "played by you: left and right steer" : "played by the agent"}`}
        />
      </div>
      <p class="run-state">{caption.value || "Train an agent, or take the controls yourself."}</p>
      {isMine.value && (
        <div class="stack" style="gap:10px">
          <p class="soft small">{world.aim} Keys: ← and →, or A and D.</p>
          <div class="row">
            <HoldButton direction={-1} label="← left" />
            <HoldButton direction={1} label="right →" />
          </div>
        </div>
      )}
    </section>
  );
}

/** Whether an arrow key goes from one choice to the next. */
function isChoosing({ key, target }: KeyboardEvent): boolean {
  return key.startsWith("Arrow") && target instanceof HTMLInputElement && target.type === "radio";
}

/** What is held down, by key or by finger. */
const held = new Set<-1 | 1>();

function HoldButton({ direction, label }: { direction: -1 | 1; label: string }): JSX.Element {
  const release = (): void => void held.delete(direction);
  return (
    <button
      type="button"
      style="flex:1;touch-action:none"
      onPointerDown={() => held.add(direction)}
      onPointerUp={release}
      onPointerLeave={release}
      onPointerCancel={release}
    >
      {label}
    </button>
  );
}

/** Plays the newest episode over and over, each to its end. */
function showAgent(canvas: HTMLCanvasElement, onCaption: (text: string) => void): () => void {
  let playing = episode.peek();
  let at = 0;
  let next = 0;
  let request = 0;
  const isStill = prefersStillness();
  const frame = (now: number): void => {
    request = requestAnimationFrame(frame);
    if (now < next) return;
    next = now + 1000 / 60;
    const newest = episode.peek();
    if (!playing || at >= playing.frames.length) {
      // A breath between two episodes, so that an end can be seen.
      if (playing && at++ < playing.frames.length + 30 && newest) return;
      playing = newest;
      at = isStill && playing ? playing.frames.length - 1 : 0;
    }
    const drawing = playing?.frames[at];
    if (!playing || !drawing) return;
    at++;
    paintDrawing(canvas, drawing);
    onCaption(`step ${at} of ${playing.steps}, return ${short(playing.sum)}`);
  };
  const stop = engine.status.subscribe((status) => {
    // A world at rest before the first episode.
    if (status !== "idle" || episode.peek()) return;
    const { system } = worldOf(task.peek());
    const world = environmentOf(system());
    world.reset(new Rng(3));
    paintDrawing(canvas, world.draw!());
    playing = undefined;
    onCaption("");
  });
  request = requestAnimationFrame(frame);
  return () => {
    stop();
    cancelAnimationFrame(request);
  };
}

/** The user plays: the world runs at its own pace. */
function playByHand(canvas: HTMLCanvasElement, { name, onCaption }: { name: TaskName; onCaption: (text: string) => void }): () => void {
  const { system, rate, steer } = worldOf(name);
  const world = environmentOf(system());
  const isBox = (world.actionSpace as unknown) instanceof Box;
  let games = 0;
  let [sum, steps, best, last] = [0, 0, Number.NEGATIVE_INFINITY, 0];
  // An episode begins with the first key: nobody falls before they look.
  let isWaiting = true;
  const begin = (): void => {
    world.reset(new Rng(100 + games++));
    [sum, steps, last] = [0, 0, 0];
    isWaiting = true;
    paintDrawing(canvas, world.draw!());
  };
  begin();
  onCaption("Press a key to begin.");
  const keys: Readonly<Record<string, -1 | 1>> = { ArrowLeft: -1, ArrowRight: 1, a: -1, d: 1, A: -1, D: 1 };
  const onKey = (event: KeyboardEvent): void => {
    const direction = keys[event.key];
    if (direction === undefined || isTyping(event.target) || isChoosing(event)) return;
    event.preventDefault();
    if (event.type === "keydown") held.add(direction);
    else held.delete(direction);
  };
  addEventListener("keydown", onKey);
  addEventListener("keyup", onKey);
  const timer = setInterval(() => {
    const direction = held.has(-1) === held.has(1) ? 0 : held.has(1) ? 1 : -1;
    if (isWaiting && direction === 0) return;
    isWaiting = false;
    last = steer(direction, last);
    const { reward, terminated, truncated } = world.step(isBox ? Float32Array.of(last) : last);
    sum += reward;
    steps++;
    paintDrawing(canvas, world.draw!());
    onCaption(`step ${steps}, your return ${short(sum)}${Number.isFinite(best) ? `, best ${short(best)}` : ""}`);
    if (!terminated && !truncated) return;
    best = Math.max(best, sum);
    onCaption(`Over after ${steps} steps with a return of ${short(sum)}. Best ${short(best)}. Press a key for another.`);
    held.clear();
    begin();
  }, 1000 / rate);
  return () => {
    clearInterval(timer);
    removeEventListener("keydown", onKey);
    removeEventListener("keyup", onKey);
    held.clear();
  };
}
