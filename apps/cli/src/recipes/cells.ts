/**
 * Networks of one repeated cell, to be searched for the cell. Dong and Yang 2020, "NAS-Bench-201", arXiv:2001.00326, section 2.
 * On CIFAR-10 as large as ResNet-20 (He et al. 2015, 272,474 parameters), so that cells and residual blocks compare.
 */

import { Rng } from "@dl/core";
import { flip, padCrop } from "@dl/data";
import { cifar10Statistics, mnistStatistics } from "@dl/data/node";
import { type EdgeCell, EdgeCellNetwork, EdgeCellSupernet, edgeCell } from "@dl/nas";
import { cifar10Data, mnistData } from "./data.ts";
import { nesterovCosine } from "./nesterov-cosine.ts";
import type { Preset, Recipe, RecipeSearch } from "./recipe.ts";

const operations = ["none", "skip", "conv1x1", "conv3x3", "avgPool3x3"] as const;
type SearchedCell = EdgeCell<(typeof operations)[number]>;
/** The space of NAS-Bench-201: 15,625 cells. */
const searchedCells = edgeCell({ nodes: 4, operations });

/** The best of all on CIFAR-10 by the table of Dong and Yang: 94.37 % with three stages of five such cells. Section 4. */
const best201: SearchedCell = {
  nodes: 4,
  edges: [
    { from: 0, to: 1, operation: "conv3x3" },
    { from: 0, to: 2, operation: "conv3x3" },
    { from: 1, to: 2, operation: "conv3x3" },
    { from: 0, to: 3, operation: "skip" },
    { from: 1, to: 3, operation: "conv3x3" },
    { from: 2, to: 3, operation: "conv3x3" },
  ],
};

/** What two data sets have different. */
interface CellRecipe
  extends Pick<Recipe, "name" | "title" | "data">,
    Pick<Preset, "summary" | "defaults" | "augmentation" | "normalization"> {
  /** The largest network. */
  readonly parameters: number;
  readonly trial: RecipeSearch<Preset>["trial"];
}

function cellRecipe({ name, title, data, parameters, trial, ...settings }: CellRecipe): Recipe {
  // Stages of so many cells, the first with as many channels as fit.
  const form = { inputs: data.imageShape[2], classes: data.classNames.length, stages: 3, cellsPerStage: 1 };
  const networkOf = (cell: SearchedCell, { channels, rng }: { channels: number; rng: Rng }) =>
    new EdgeCellNetwork({ cell, ...form, channels, rng });
  const channelsFor = (cell: SearchedCell): number => {
    for (let channels = 4; ; channels++) {
      using larger = networkOf(cell, { channels: channels + 1, rng: new Rng(0) });
      if (larger.parameterCount > parameters) return channels;
    }
  };
  const presetOf = (preset: Omit<Preset, "model">, { cell, channels }: { cell: SearchedCell; channels: () => number }): Preset => ({
    ...preset,
    model: (rng) => networkOf(cell, { channels: channels(), rng }),
  });
  const base: Omit<Preset, "model"> = {
    ...{ name: "default", validationShare: 0, patience: 0, labelSmoothing: 0 },
    ...settings,
    optimizer: nesterovCosine,
  };
  const search: RecipeSearch<Preset, SearchedCell> = {
    ...{ space: searchedCells, trial, differentNetworks: true },
    // Narrower than in the end, and the same for all: a candidate is tried in seconds, and one with more parameters may be better for it.
    tried: (preset, cell) => ({
      ...presetOf(preset, { cell, channels: () => 8 }),
      ...{ augmentation: [], defaults: { ...preset.defaults, batchSize: 64 } },
    }),
    trained: (preset, cell) => presetOf(preset, { cell, channels: () => channelsFor(cell) }),
    supernet: (_preset, rng) => new EdgeCellSupernet({ nodes: 4, operations, ...form, channels: 8, rng }),
  };
  const preset = presetOf(base, { cell: best201, channels: () => channelsFor(best201) });
  return { name, title, data, presets: [preset], search: search as RecipeSearch<Preset> };
}

export const cellCifar10: Recipe = cellRecipe({
  name: "cell-cifar10",
  title: "A searched cell on CIFAR-10",
  data: cifar10Data,
  parameters: 272_474,
  summary:
    "a cell network of ResNet-20's size, with NAS-Bench-201's best cell or the one a search found; SGD and a cosine after a warm-up.",
  defaults: { epochs: 90, batchSize: 128, learningRate: 0.1 },
  augmentation: [flip(), padCrop({ padding: 4 })],
  normalization: cifar10Statistics,
  trial: { epochs: 3, limit: 4000 },
});

export const cellMnist: Recipe = cellRecipe({
  name: "cell-mnist",
  title: "A searched cell on MNIST",
  data: mnistData,
  parameters: 50_000,
  summary: "a cell network of 50,000 parameters at most, to try searches on: the same on digits.",
  defaults: { epochs: 6, batchSize: 128, learningRate: 0.1 },
  augmentation: [],
  normalization: mnistStatistics,
  trial: { epochs: 1, limit: 2000 },
});
