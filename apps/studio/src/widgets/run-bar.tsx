/** Start, pause, step, reset: the same for every panel, by button and by key. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Engine } from "../engine/engine.ts";
import type { JobContract, RunStatus } from "../engine/protocol.ts";
import { deviceChoice } from "../shell/device-choice.ts";
import { Icon } from "../shell/icons.tsx";

export interface RunBarProps<C extends JobContract> {
  readonly engine: Engine<C>;
  readonly onStart: () => void;
  /** What is to be forgotten beside the engine's own. */
  readonly onReset: () => void;
  /** Share of the training that is done. */
  readonly progress?: number;
  /** What is being done, such as `epoch 2 of 6`. */
  readonly note?: string;
  /** What the first button says. Default `Train`. */
  readonly verb?: string;
  readonly disabled?: boolean;
}

const words: Readonly<Record<RunStatus, string>> = {
  idle: "",
  opening: "Opening the device …",
  running: "Training",
  paused: "Paused",
  done: "Done",
  failed: "Stopped",
};

export function RunBar<C extends JobContract>(props: RunBarProps<C>): JSX.Element {
  const { engine, progress, note, verb = "Train", disabled = false } = props;
  const status = engine.status.value;
  const reset = (): void => {
    engine.reset();
    props.onReset();
  };
  const main = (): void => {
    if (status === "running") engine.pause();
    else if (status === "paused") engine.resume();
    else if (status !== "opening" && !disabled) props.onStart();
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "k") main();
      else if (event.key === ".") engine.step();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  const isActive = status === "running" || status === "opening";
  const label =
    status === "running"
      ? "Pause"
      : status === "paused"
        ? "Go on"
        : status === "opening"
          ? "Opening …"
          : status === "idle"
            ? verb
            : `${verb} again`;
  const problem = engine.problem.value;
  return (
    <div class="run-bar">
      <div class="row" style="flex-wrap:nowrap">
        <button
          type="button"
          class={isActive ? "" : "primary"}
          onClick={main}
          disabled={status === "opening" || disabled}
          title={`${label} (k)`}
        >
          <Icon name={status === "running" ? "pause" : "start"} />
          {label}
        </button>
        <button type="button" disabled={status !== "paused"} onClick={() => engine.step()} title="One step (.)" aria-label="One step">
          <Icon name="step" />
        </button>
        <button type="button" disabled={status === "idle"} onClick={reset} title="Forget this run" aria-label="Forget this run">
          <Icon name="reset" />
        </button>
      </div>
      {status !== "idle" && (
        <div
          class="meter"
          role="progressbar"
          aria-label="Progress"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(100 * (progress ?? 0))}
        >
          <i style={`transform:scaleX(${progress ?? 0})`} />
        </div>
      )}
      <p class="run-state" aria-live="polite">
        {[words[status], status === "done" && engine.reason.value !== "finished" ? engine.reason.value : undefined, note]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {problem && (
        <div class="problem stack" role="alert">
          <span>{problem.message}</span>
          {problem.lost && engine.files && (
            <button type="button" onClick={() => void engine.goOn(deviceChoice.peek())}>
              Go on from the last saved step
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** Whether keys belong to what has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement
    ? target.type !== "radio" && target.type !== "checkbox"
    : target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
