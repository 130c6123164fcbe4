/** The floors of the recipes that generate images. */

import type { Goal } from "./run-outcome.ts";

/** What a run measured of its last epoch's distance, as a share of its first's. */
export const frechetLeft = "validation/frechetLeft";

/** What a GAN must reach: samples of every class, of which the classifier is sure, near the real ones for what real ones are, and nearer along the run. */
export const ganGoals: Readonly<Record<string, Goal>> = {
  "test/ratio": { atMost: 5 },
  "test/leastShare": { atLeast: 0.05 },
  "test/largestShare": { atMost: 0.15 },
  "test/confidence": { atLeast: 0.9 },
  [frechetLeft]: { atMost: 0.999 },
};
