/** A device buffer and the number of tensors and cells that share it. */

import type { BackendDevice } from "./backend.ts";

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
}
