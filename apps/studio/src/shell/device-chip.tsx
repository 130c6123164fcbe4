/** The device in the bar: what trains now, what else there is, and why it was not taken. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { openEngines } from "../engine/engine.ts";
import { offlineState } from "../offline/register.ts";
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
  const device = openEngines.value.map((engine) => engine.device.value).findLast((report) => report !== undefined);
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
          <p class="soft small">A change holds from the next start on.</p>
        </div>
      )}
    </div>
  );
}
