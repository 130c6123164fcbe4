/** The device every training opens, kept from visit to visit. */

import { type Signal, signal } from "@preact/signals";
import type { DeviceChoice } from "../engine/protocol.ts";

const key = "dl-studio-device";

export const deviceChoices: readonly { readonly value: DeviceChoice; readonly label: string; readonly note: string }[] = [
  { value: "auto", label: "Automatic", note: "WebGPU on a real graphics card, else WebAssembly." },
  { value: "webgpu", label: "WebGPU", note: "The graphics card, or what the browser has in its place." },
  { value: "wasm", label: "WebAssembly", note: "SIMD, on all cores where the page may share memory." },
  { value: "wasm-1", label: "WebAssembly, one thread", note: "The same bits on every machine with the same instructions." },
  { value: "cpu", label: "Plain TypeScript", note: "The slow reference." },
];

function remembered(): DeviceChoice {
  try {
    const word = localStorage.getItem(key);
    return deviceChoices.find(({ value }) => value === word)?.value ?? "auto";
  } catch {
    return "auto";
  }
}

export const deviceChoice: Signal<DeviceChoice> = signal(remembered());

export function chooseDevice(choice: DeviceChoice): void {
  deviceChoice.value = choice;
  try {
    localStorage.setItem(key, choice);
  } catch {
    // Private windows may refuse; then the choice lasts as long as the page.
  }
}
