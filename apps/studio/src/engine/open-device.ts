/** Which device a page takes, and why not a better one. */

import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, openDevice, UnsupportedError } from "@dl/core";
import type { DeviceChoice, DeviceReport } from "./protocol.ts";

/** What of an adapter says that it is a program and no GPU; wasm is faster than those. */
const software = /swiftshader|lavapipe|llvmpipe|software|basic render/i;

/** Opens what was asked for; `auto` takes a GPU where there is one that is no program, and wasm else. */
export async function openChosen(choice: DeviceChoice): Promise<{ device: Device; report: DeviceReport }> {
  const device = await openDevice(...(await candidates(choice)));
  const skipped = device.skipped.map(({ backend, reason }) => ({ backend, reason }));
  if (choice !== "cpu" && choice !== "wasm-1" && device.name.startsWith("wasm")) {
    const threads = wasm()
      .variants()
      .find((variant) => variant.threads && variant.reason !== undefined)?.reason;
    if (threads !== undefined && !device.name.includes("threads")) skipped.push({ backend: "wasm with threads", reason: threads });
  }
  return { device, report: { name: device.name, skipped, isolated: globalThis.crossOriginIsolated === true } };
}

async function candidates(choice: DeviceChoice): Promise<[Backend, ...Backend[]]> {
  switch (choice) {
    case "auto":
      return [hardwareOnly(webgpu()), wasm(), await oracle()];
    case "webgpu":
      return [webgpu()];
    case "wasm":
      return [wasm()];
    case "wasm-1":
      return [wasm({ threads: 1 })];
    case "cpu":
      return [await oracle()];
    default:
      return choice satisfies never;
  }
}

/** Loaded only where it is wanted: every page would carry its kernels. */
async function oracle(): Promise<Backend> {
  return { name: "cpu", open: async () => (await import("@dl/backend-cpu")).cpu().open() };
}

function hardwareOnly(backend: Backend): Backend {
  return {
    name: backend.name,
    async open() {
      const device = await backend.open();
      if (!software.test(device.name)) return device;
      await device.close();
      throw new UnsupportedError(
        `${device.name} is a program that computes on the processor, slower than wasm. Choose WebGPU to have it all the same.`,
      );
    },
  };
}
