/** Why a run of adversaries ends when its numbers are none any more. */

import type { Metrics } from "@dl/train";

/** For `run.stop`; undefined while every metric is a number. */
export function nanReason(metrics: Metrics, step: number): string | undefined {
  const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (!broken) return undefined;
  return `${broken[0]} is ${broken[1]} at step ${step}: go back to the last checkpoint, and try smaller learning rates, clipNorm, or a loss that saturates less (hinge, or R1 beside it); labels that are no class make it, too`;
}
