/** Pooling over windows, and its gradients. */

import type { FusedKernels, Kernels, PoolGeometry } from "@dl/core";
import type { Engine } from "../engine.ts";
import { reachesOutside, writeGeometry } from "./geometry.ts";

type PoolingKernels = Pick<Kernels<number>, "maxPool" | "averagePool" | "averagePoolGradient"> &
  Pick<FusedKernels<number>, "maxPoolGradient">;

const channelsOf = ({ channels }: PoolGeometry): { inChannels: number; outChannels: number; groups: number } => ({
  inChannels: channels,
  outChannels: channels,
  groups: 1,
});

/** Windows do not overlap and stay inside: every pixel belongs to one at most. */
function isTiling(g: PoolGeometry): boolean {
  const apart = g.strideHeight >= g.kernelHeight && g.strideWidth >= g.kernelWidth;
  return apart && g.dilationHeight === 1 && g.dilationWidth === 1 && g.padTop === 0 && g.padLeft === 0 && !reachesOutside(g);
}

export function poolingKernels(engine: Engine): PoolingKernels {
  const { heap } = engine;
  const resultBytes = (g: PoolGeometry): number => g.batch * g.outHeight * g.outWidth * g.channels * 4;
  const imageBytes = (g: PoolGeometry): number => g.batch * g.height * g.width * g.channels * 4;
  const cost = (g: PoolGeometry): number => (resultBytes(g) / 4) * (g.kernelHeight * g.kernelWidth * 0.4 + 1);
  return {
    maxPool(x, g) {
      const values = heap.allocate(resultBytes(g), "maxPool");
      const indices = heap.allocate(resultBytes(g), "maxPool");
      writeGeometry(engine, g, channelsOf(g));
      engine.set(x.buffer, values, indices);
      engine.run("maxPool", { total: g.batch * g.outHeight, cost: cost(g) });
      return { values, indices };
    },

    maxPoolGradient(dy, indices, g) {
      const dx = heap.allocate(imageBytes(g), "maxPoolGradient");
      writeGeometry(engine, g, channelsOf(g));
      engine.set(dy.buffer, indices.buffer, dx, isTiling(g) ? 1 : 0);
      engine.run("maxPoolGradient", { total: g.batch, cost: imageBytes(g) * 0.1 + resultBytes(g) * 0.2 });
      return dx;
    },

    averagePool(x, g, countPadding) {
      const y = heap.allocate(resultBytes(g), "averagePool");
      writeGeometry(engine, g, channelsOf(g));
      engine.set(x.buffer, y, 0, countPadding ? 1 : 0);
      engine.run("averagePool", { total: g.batch * g.outHeight, cost: cost(g) });
      return y;
    },

    averagePoolGradient(dy, g, countPadding) {
      const dx = heap.allocate(imageBytes(g), "averagePoolGradient");
      writeGeometry(engine, g, channelsOf(g));
      engine.set(dy.buffer, dx, 0, countPadding ? 1 : 0);
      engine.run("averagePoolGradient", { total: g.batch, cost: imageBytes(g) * 0.1 + cost(g) });
      return dx;
    },
  };
}
