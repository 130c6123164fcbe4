/** What a proxy looks at a network with: a batch, and no training. */

import type { Device, HostTensor, Rng } from "@dl/core";

/** Batch normalisation uses the batch's statistics, and the running ones move: give a new network. */
export interface ProxyOptions {
  readonly device: Device;
  /** `[B, H, W, C]`, normalised. */
  readonly images: HostTensor;
  /** For dropout and its like. */
  readonly rng: Rng;
}
