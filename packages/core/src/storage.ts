/** A device buffer and the number of tensors and cells that share it. */

import type { BackendDevice } from "./backend.ts";

const closed = new WeakSet<BackendDevice>();

/** Notes that a device is gone, and its buffers with it. */
export function markClosed(device: BackendDevice): void {
  closed.add(device);
}

/** Freed on its device when the last owner lets go. Reshaping shares a storage; updating in place asks whether it is shared. */
export class Storage {
  readonly device: BackendDevice;
  readonly buffer: unknown;
  #owners = 1;

  constructor(device: BackendDevice, buffer: unknown) {
    this.device = device;
    this.buffer = buffer;
  }

  get shared(): boolean {
    return this.#owners > 1;
  }

  retain(): this {
    this.#owners++;
    return this;
  }

  release(): void {
    if (--this.#owners === 0) this.device.free(this.buffer);
  }

  /** For owners that may outlive the device, such as a model declared before it. */
  releaseIfOpen(): void {
    if (!closed.has(this.device)) this.release();
  }
}
