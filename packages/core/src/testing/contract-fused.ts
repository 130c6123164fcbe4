/** The contract of fused kernels: which checks each has, and the one that is compared with a composition of required kernels. */

import type { FusedKernels } from "../backend.ts";
import { sumOf } from "./closeness.ts";
import { attentionChecks } from "./contract-attention.ts";
import { normalisationChecks } from "./contract-normalisation.ts";
import { crossEntropyChecks, softmaxChecks } from "./contract-softmax.ts";
import { updateChecks } from "./contract-updates.ts";
import { type FusedCheck, float32 } from "./fused-check.ts";
import type { Claim } from "./kernel-contract.ts";
import { poolGeometry } from "./windows.ts";

const maxPoolChecks: FusedCheck = (name, claim) => {
  if (name !== "maxPoolGradient") return;
  claim(name, "what scatterAlong gives, overlapping windows too", async ({ comparison, rng }) => {
    for (const [window, channels] of [
      [{ size: [6, 8], kernel: [2, 2], stride: [2, 2] }, 3],
      [{ size: [7, 5], kernel: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }, 17],
      [{ size: [6, 6], kernel: [3, 3] }, 4],
      [{ batch: 0, size: [4, 4], kernel: [2, 2] }, 2],
      [{ batch: 8, size: [32, 32], kernel: [2, 2], stride: [2, 2] }, 32],
    ] as const) {
      const g = poolGeometry(window, channels);
      const image = [g.batch, g.height, g.width, channels];
      const windows = [g.batch, g.outHeight, g.outWidth, channels];
      const { oracle } = comparison;
      const data = rng.normal(image).data;
      const x = { buffer: oracle.upload(data, "float32"), shape: image, dtype: "float32" } as const;
      const pooled = oracle.kernels.maxPool(x, g);
      const places = await oracle.read(pooled.indices, "int32", windows[0]! * windows[1]! * windows[2]! * channels);
      const dy = rng.normal(windows);
      const updates = { buffer: oracle.upload(dy.data, "float32"), shape: windows, dtype: "float32" } as const;
      const indices = { buffer: pooled.indices, shape: windows, dtype: "int32" } as const;
      const composed = oracle.kernels.scatterAlong(indices, updates, g.batch, g.height * g.width, channels);
      const expected = await oracle.read(composed, "float32", data.length);
      for (const buffer of [x.buffer, pooled.values, pooled.indices, updates.buffer, composed]) oracle.free(buffer);
      await comparison.against(
        JSON.stringify(g),
        [dy, { shape: windows, dtype: "int32", data: places }],
        [float32(image, sumOf(4))],
        (device, [a, at]) => [device.fused.maxPoolGradient!(a!, at!, g)],
        [expected],
      );
    }
  });
};

const checks = {
  softmax: softmaxChecks,
  softmaxGradient: softmaxChecks,
  logSoftmax: softmaxChecks,
  logSoftmaxGradient: softmaxChecks,
  crossEntropy: crossEntropyChecks,
  crossEntropyGradient: crossEntropyChecks,
  layerNorm: normalisationChecks,
  layerNormGradient: normalisationChecks,
  batchNorm: normalisationChecks,
  batchNormGradient: normalisationChecks,
  attention: attentionChecks,
  attentionGradient: attentionChecks,
  maxPoolGradient: maxPoolChecks,
  sumOfSquares: updateChecks,
  writeSlice: updateChecks,
  adamUpdate: updateChecks,
  sgdUpdate: updateChecks,
} satisfies Record<keyof FusedKernels<unknown>, FusedCheck>;

/** Registers the checks of those fused kernels that `offered` holds. */
export function fusedContract(claim: Claim, offered: Partial<FusedKernels<unknown>>): void {
  for (const [name, check] of Object.entries(checks)) {
    const kernel = name as keyof FusedKernels<unknown>;
    if (offered[kernel] !== undefined) check(kernel, claim);
  }
}
