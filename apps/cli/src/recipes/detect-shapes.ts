/** Boxes around objects: a single-stage detector on scenes of discs, squares and triangles that are drawn here. Zhou et al. 2019, arXiv:1904.07850. */

import { CenterNet, centerDetections, centerNetLoss, centerPeaks, centerTargets } from "@dl/cnn";
import type { HostTensor, Rng } from "@dl/core";
import { type Dataset, type Example, normalize } from "@dl/data";
import { MeanAveragePrecision, type MeanAveragePrecisionResult } from "@dl/metrics";
import { inference } from "@dl/nn";
import { type Scene, type ShapeBox, shapeNames, shapeScene } from "@dl/tooling/task-sets";
import { evaluate, type Metrics } from "@dl/train";
import { type MeasureOptions, type ModelData, modelRecipe, stateOf } from "./model-recipe.ts";
import { type Scenes, type ScenesPreset, sceneNormalization, sceneParts } from "./scene-sets.ts";
import type { TaskRecipe } from "./task-recipe.ts";

/** Images, and the maps that a detector should give. */
type Targets = Example<"images" | "heat" | "size" | "offset">;

interface DetectionPreset extends ScenesPreset {
  /** Channels of the first layer. */
  readonly width: number;
}

/** A part, and what stands in each of its scenes. */
interface BoxedScenes extends Dataset<Targets> {
  boxes(index: number): readonly ShapeBox[];
}

interface DetectionData extends ModelData<Targets> {
  readonly validation: BoxedScenes;
  readonly test: BoxedScenes;
}

const classes = shapeNames.length;

const network = ({ width }: DetectionPreset, rng: Rng): CenterNet => new CenterNet({ classes, width, rng });

async function precisionOf(
  model: CenterNet,
  dataset: BoxedScenes,
  { device, signal }: MeasureOptions<DetectionPreset, DetectionData>,
): Promise<MeanAveragePrecisionResult> {
  const precision = new MeanAveragePrecision({ classes });
  let scene = 0;
  await evaluate({
    ...{ device, signal, dataset, transform: normalize(sceneNormalization), batchSize: 50 },
    step({ images }) {
      const maps = model.forward(images, inference);
      return { peaks: centerPeaks(maps), size: maps.size, offset: maps.offset };
    },
    onBatch(_, maps) {
      const { peaks, size, offset } = maps as Record<"peaks" | "size" | "offset", HostTensor>;
      for (const detections of centerDetections({ peaks, size, offset })) precision.update({ detections, objects: dataset.boxes(scene++) });
    },
  });
  return precision.result();
}

export const detectShapes: TaskRecipe<DetectionPreset> = modelRecipe<DetectionPreset, Targets, DetectionData, CenterNet>({
  name: "detect-shapes",
  title: "CenterNet on scenes of shapes",
  unit: "scenes",
  store: stateOf(network),
  charted: ["loss", "mean average precision"],
  presets: [
    {
      name: "default",
      summary: "Discs, squares and triangles in front of each other on 64×64 pixels of noise: what is where.",
      defaults: { epochs: 16, batchSize: 16, learningRate: 5e-3 },
      goals: { "test/average precision at 0.5": { atLeast: 0.9 } },
      warmUpShare: 0.3,
      weightDecay: 0.01,
      side: 64,
      scenes: 6000,
      width: 24,
    },
  ],
  async load({ preset, settings }) {
    const { side } = preset;
    const parts = sceneParts(preset, settings, (rng) => shapeScene(rng, preset));
    const boxed = (scenes: Scenes<Scene>): BoxedScenes => ({
      length: scenes.length,
      get(index) {
        const { image, boxes } = scenes.get(index);
        return { images: image, ...centerTargets(boxes, { height: side, width: side, classes }) };
      },
      boxes: (index) => scenes.get(index).boxes,
    });
    const transform = [normalize(sceneNormalization)];
    return { validation: boxed(parts.validation), test: boxed(parts.test), train: { dataset: boxed(parts.train), transform } };
  },
  model: ({ preset }, { rng }) => network(preset, rng),
  loss: (model, { images, ...targets }, { mode }) => centerNetLoss(model.forward(images, mode), targets),
  async validate(model, options): Promise<Metrics> {
    return { "mean average precision": (await precisionOf(model, options.data.validation, options)).mean };
  },
  async measure(model, options) {
    const { mean, perOverlap, perClass } = await precisionOf(model, options.data.test, options);
    const byClass = Object.fromEntries(shapeNames.map((name, i) => [`test/average precision, ${name}`, perClass[i]!]));
    return { metrics: { "test/average precision at 0.5": perOverlap[0]!, "test/mean average precision": mean, ...byClass } };
  },
});
