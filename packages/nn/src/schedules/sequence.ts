/** Schedules one after the other, as PyTorch's SequentialLR. */

import { OptionError } from "@dl/core";
import { checkSteps, type Schedule } from "./schedule.ts";

/**
 * Each schedule up to its milestone, and the last from there on; each counts from 0 where it begins.
 *
 * @param options.milestones  Steps at which the next schedule begins: one fewer than schedules, rising.
 * @example
 * const rate = schedules.sequence([schedules.constant(0.1), schedules.cosine(0.1, { steps: 100 })], { milestones: [50] });
 * rate(100); // 0.05
 */
export function sequence(parts: readonly Schedule[], { milestones }: { milestones: readonly number[] }): Schedule {
  for (const milestone of milestones) checkSteps("schedules.sequence: milestones", milestone, 0);
  if (parts.length !== milestones.length + 1 || milestones.some((milestone, i) => i > 0 && milestone < milestones[i - 1]!)) {
    throw new OptionError(
      `schedules.sequence: expected rising milestones, one fewer than the ${parts.length} schedules, got [${milestones.join(", ")}].`,
    );
  }
  return (now) => {
    const part = milestones.filter((milestone) => now >= milestone).length;
    return parts[part]!(now - (part === 0 ? 0 : milestones[part - 1]!));
  };
}
