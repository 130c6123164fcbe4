/** Images and labels of no data set: what a step costs does not depend on what is in the picture. */

import type { HostTensor, Rng } from "@dl/core";

/** `images [B, S, S, channels]` normally distributed, `labels [B]` of `classes`. */
export function syntheticImages(
  rng: Rng,
  { batch, size, channels, classes }: { batch: number; size: number; channels: number; classes: number },
): { images: HostTensor; labels: HostTensor } {
  return {
    images: rng.fork("images").normal([batch, size, size, channels]),
    labels: rng.fork("labels").integers([batch], 0, classes),
  };
}
