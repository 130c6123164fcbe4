/** What to write where a network that takes labels is called without: as `fitGan` and `SampleGrids` call one that nothing else is said of. */

import { ShapeError } from "@dl/core";

export function missingLabels(where: string, expected: string): ShapeError {
  return new ShapeError(
    `${where}: expected ${expected}, got none. Of fitGan, say it by generate and discriminate: (inputs, { labels }, mode) => network.forward(inputs, labels, mode); of SampleGrids and generateExamples, by generate.`,
  );
}
