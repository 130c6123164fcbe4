/** A class for every pixel: U-Net on scenes of discs, squares and triangles that are drawn here. Ronneberger et al. 2015, arXiv:1505.04597. */

import { UNet } from "@dl/cnn";
import { argmax, type HostTensor, type Rng, tensor } from "@dl/core";
import { type Dataset, type Example, normalize } from "@dl/data";
import { Jaccard } from "@dl/metrics";
import { crossEntropy, inference } from "@dl/nn";
import { shapeNames, shapeScene } from "@dl/tooling/task-sets";
import { evaluate, type Metrics } from "@dl/train";
import { type MeasureOptions, type ModelData, modelRecipe, stateOf } from "./model-recipe.ts";
import { type ScenesPreset, sceneNormalization, sceneParts } from "./scene-sets.ts";
import type { TaskRecipe } from "./task-recipe.ts";

/** `labels` is the class of every pixel. */
type Segmented = Example<"images" | "labels">;

interface SegmentationPreset extends ScenesPreset {
  /** Channels of the first level. */
  readonly width: number;
  /** Times the image is halved. */
  readonly depth: number;
}

interface SegmentationData extends ModelData<Segmented> {
  readonly validation: Dataset<Segmented>;
  readonly test: Dataset<Segmented>;
}

const names = ["ground", ...shapeNames];

/** The ground is most of every scene, and the easiest. */
const classWeights = Float32Array.of(0.2, 1, 1, 1);

const network = ({ width, depth }: SegmentationPreset, rng: Rng): UNet => new UNet({ classes: names.length, width, depth, rng });

/** The mean is over the ground and the shapes alike. */
async function overlapsOf(
  model: UNet,
  dataset: Dataset<Segmented>,
  { device, signal }: MeasureOptions<SegmentationPreset, SegmentationData>,
) {
  const overlap = new Jaccard({ classes: names.length, average: "macro" });
  await evaluate({
    ...{ device, signal, dataset, transform: normalize(sceneNormalization), batchSize: 50 },
    step: ({ images }) => ({ predictions: argmax(model.forward(images, inference), -1) }), // [B, side, side]
    onBatch: ({ labels }, { predictions }) => overlap.update({ labels: labels.data, predictions: (predictions as HostTensor).data }),
  });
  const perClass = overlap.perClass();
  return { mean: overlap.result(), byName: names.map((name, i) => [name, Number(perClass[i])] as const) };
}

export const unetShapes: TaskRecipe<SegmentationPreset> = modelRecipe<SegmentationPreset, Segmented, SegmentationData, UNet>({
  name: "unet-shapes",
  title: "U-Net on scenes of shapes",
  unit: "scenes",
  store: stateOf(network),
  charted: ["loss", "mean intersection over union"],
  presets: [
    {
      name: "default",
      summary: "Discs, squares and triangles in front of each other on 64×64 pixels of noise: which pixel shows what.",
      defaults: { epochs: 12, batchSize: 16, learningRate: 1e-2 },
      goals: { "test/mean intersection over union": { atLeast: 0.9 } },
      warmUpShare: 0.3,
      weightDecay: 0.01,
      side: 64,
      scenes: 4000,
      width: 16,
      depth: 3,
    },
  ],
  async load({ preset, settings }) {
    const { train, validation, test } = sceneParts<Segmented>(preset, settings, (rng) => {
      const { image, mask } = shapeScene(rng, preset);
      return { images: image, labels: mask };
    });
    return { validation, test, train: { dataset: train, transform: [normalize(sceneNormalization)] } };
  },
  model: ({ preset }, { rng }) => network(preset, rng),
  loss: (model, { images, labels }, { mode }) => crossEntropy(model.forward(images, mode), labels, { classWeights: tensor(classWeights) }),
  async validate(model, options): Promise<Metrics> {
    return { "mean intersection over union": (await overlapsOf(model, options.data.validation, options)).mean };
  },
  async measure(model, options) {
    const { mean, byName } = await overlapsOf(model, options.data.test, options);
    const byClass = Object.fromEntries(byName.map(([name, value]) => [`test/intersection over union, ${name}`, value]));
    return { metrics: { "test/mean intersection over union": mean, ...byClass } };
  },
});
