/** The device in the bar: what trains now, what else there is, and why it was not taken. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Engine, openEngines } from "../engine/engine.ts";
import type { JobContract } from "../engine/protocol.ts";
import { offlineState } from "../offline/register.ts";
import { megabytes } from "../widgets/reading.tsx";
import { chooseDevice, deviceChoice, deviceChoices } from "./device-choice.ts";
import { Icon } from "./icons.tsx";

export function DeviceChip(): JSX.Element {
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node)) isOpen.value = false;
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, [isOpen]);
  const engine = openEngines.value.findLast((one) => one.device.value !== undefined);
  const device = engine?.device.value;
  const choice = deviceChoices.find(({ value }) => value === deviceChoice.value)!;
  return (
    <div class="device" ref={box}>
      <button type="button" aria-expanded={isOpen.value} aria-haspopup="dialog" onClick={() => (isOpen.value = !isOpen.value)}>
        <Icon name="devices" />
        <span>{device?.name ?? choice.label}</span>
      </button>
      {isOpen.value && (
        <div class="popover stack" role="dialog" aria-label="Device">
          <fieldset style="border:0;margin:0;padding:0">
            <legend class="soft small">Train on</legend>
            {deviceChoices.map(({ value, label, note }) => (
              <label class="option" key={value}>
                <input type="radio" name="device" checked={deviceChoice.value === value} onChange={() => chooseDevice(value)} />
                <span>
                  {label}
                  <br />
                  <span class="soft small">{note}</span>
                </span>
              </label>
            ))}
          </fieldset>
          {device && device.skipped.length > 0 && (
            <details class="small">
              <summary>Why not something faster</summary>
              {device.skipped.map(({ backend, reason }) => (
                <p class="soft" key={backend} style="margin-top:8px">
                  <b>{backend}</b>: {reason}
                </p>
              ))}
            </details>
          )}
          {!globalThis.crossOriginIsolated && offlineState.value === "ready" && (
            <p class="small">
              This page can use all cores once it is loaded again.{" "}
              <button type="button" onClick={() => location.reload()}>
                Reload
              </button>
            </p>
          )}
          {engine && <Memory engine={engine} />}
          <p class="soft small">A change holds from the next start on.</p>
        </div>
      )}
    </div>
  );
}

/** What the device holds between two steps, told anew every second. */
function Memory({ engine }: { engine: Engine<JobContract> }): JSX.Element {
  const use = useSignal<{ readonly buffers: number; readonly bytes: number } | undefined>(undefined);
  useEffect(() => {
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      // Where a training has just ended, there is nothing to tell.
      use.value = await engine.memory().catch(() => undefined);
      if (!isGone) timer = setTimeout(() => void look(), 1000);
    };
    void look();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [engine]);
  return (
    <p class="small">
      {use.value ? `It holds ${megabytes(use.value.bytes)} in ${use.value.buffers} tensors.` : "What it holds is counted …"}
    </p>
  );
}
