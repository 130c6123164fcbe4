/** Texts and pictures in one space: CLIP learns which sentence says what a picture of shapes shows. Radford et al. 2021, arXiv:2103.00020, figure 3. */

import { type HostTensor, hostTensor, Rng } from "@dl/core";
import { type Dataset, type Example, padFields, type Tokenizer, trainWordPiece } from "@dl/data";
import { RecallAtK } from "@dl/metrics";
import { inference } from "@dl/nn";
import { evaluate } from "@dl/train";
import { Clip, type ClipPreset, similarities } from "@dl/transformer";
import { folderOf, type MeasureOptions, type ModelData, type ModelPreset, modelRecipe, tokenId } from "./model-recipe.ts";
import { captionOf, drawScene, sceneAt, sceneCount } from "./shape-scenes.ts";
import type { TaskRecipe } from "./task-recipe.ts";

type Captioned = Example<"images" | "ids">;

interface ShapesPreset extends ModelPreset {
  readonly clip: {
    readonly text: Omit<ClipPreset["text"], "vocabulary" | "endId">;
    readonly vision: ClipPreset["vision"];
    readonly projection: number;
  };
  /** Pictures that are learned from. */
  readonly drawn: number;
  /** Scenes of the test, no two with the same sentence. */
  readonly tested: number;
}

interface ShapesData extends ModelData<Captioned> {
  readonly tokenizer: Tokenizer;
  readonly validation: Dataset<Captioned>;
  readonly test: Dataset<Captioned>;
}

/** Pictures of `scenes`, drawn by streams of `rng`, with their sentences. */
function picturesOf(
  scenes: ArrayLike<number>,
  { tokenizer, side, rng }: { tokenizer: Tokenizer; side: number; rng: Rng },
): Dataset<Captioned> {
  return {
    length: scenes.length,
    get(index) {
      const scene = sceneAt(scenes[index]!);
      const { ids } = tokenizer.encode(captionOf(scene));
      return { images: drawScene(scene, { side, rng: rng.fork(`${index}`) }), ids: hostTensor(Int32Array.from(ids), [ids.length]) };
    },
  };
}

/** How often the nearest sentence is the picture's own, and the nearest picture the sentence's. */
async function recall(model: Clip, dataset: Dataset<Captioned>, { data, device, signal }: MeasureOptions<ShapesPreset, ShapesData>) {
  const vectors = { texts: [] as Float32Array[], images: [] as Float32Array[] };
  await evaluate({
    ...{ device, signal, dataset, batchSize: 100, collate: collateWith(data.tokenizer) },
    step: ({ ids, images }) => ({ texts: model.encodeTexts({ ids }, inference), images: model.encodeImages(images, inference) }),
    onBatch(_, outputs) {
      vectors.texts.push((outputs.texts as HostTensor).data as Float32Array);
      vectors.images.push((outputs.images as HostTensor).data as Float32Array);
    },
  });
  const size = model.options.projection;
  const joined = (parts: Float32Array[]): HostTensor =>
    hostTensor(Float32Array.from(parts.flatMap((part) => [...part])), [dataset.length, size]);
  const [texts, images] = [joined(vectors.texts), joined(vectors.images)];
  const relevance = hostTensor(
    Int32Array.from({ length: dataset.length ** 2 }, (_, i) => Number(i % (dataset.length + 1) === 0)),
    [dataset.length, dataset.length],
  );
  const ways = { "text to image": similarities(texts, images), "image to text": similarities(images, texts) };
  return Object.fromEntries(
    Object.entries(ways).flatMap(([way, scores]) =>
      [1, 5].map((k) => {
        const metric = new RecallAtK({ k });
        metric.update({ relevance, scores });
        return [`recall@${k}, ${way}`, metric.result()] as const;
      }),
    ),
  );
}

function collateWith(tokenizer: Tokenizer) {
  return padFields({ ids: tokenId(tokenizer, "[PAD]") }) as (examples: readonly Captioned[]) => Captioned;
}

export const clipShapes: TaskRecipe<ShapesPreset> = modelRecipe<ShapesPreset, Captioned, ShapesData, Clip>({
  name: "clip-shapes",
  title: "CLIP on pictures of shapes and their sentences",
  unit: "pictures",
  store: folderOf(Clip),
  charted: ["loss", "recall@1, text to image"],
  presets: [
    {
      name: "default",
      summary: "Two small towers on 32×32 pictures made here; each must find its sentence among 500.",
      defaults: { epochs: 8, batchSize: 128, learningRate: 2e-3 },
      goals: { "recall@1, text to image": { atLeast: 0.9 }, "recall@1, image to text": { atLeast: 0.9 } },
      warmUpShare: 0.1,
      weightDecay: 0.05,
      beta2: 0.98,
      drawn: 65_536,
      tested: 500,
      clip: {
        projection: 64,
        text: { context: 16, size: 64, layers: 2, heads: 4, deviation: 0.1 },
        vision: { imageSize: 32, patchSize: 8, size: 96, layers: 3, heads: 4, deviation: 0.1 },
      },
    },
  ],
  async load({ preset, settings }, { tokenizer: known }) {
    const rng = new Rng(settings.seed).fork("scenes");
    const order = rng.fork("order").permutation(sceneCount);
    const tested = Math.min(preset.tested, settings.limit ?? preset.tested);
    const drawn = Math.min(preset.drawn, settings.limit ?? preset.drawn);
    // Sentences of the test are never trained on; pictures are drawn of the others, around and around.
    const learned = order.subarray(2 * preset.tested);
    const tokenizer =
      known ??
      trainWordPiece(
        Array.from(order.subarray(0, 2000), (index) => captionOf(sceneAt(index))),
        { vocabularySize: 300 },
      );
    const side = preset.clip.vision.imageSize;
    const pictures = (scenes: ArrayLike<number>, name: string): Dataset<Captioned> =>
      picturesOf(scenes, { tokenizer, side, rng: rng.fork(name) });
    return {
      tokenizer,
      validation: pictures(order.subarray(preset.tested, preset.tested + Math.min(200, tested)), "validation"),
      test: pictures(order.subarray(0, tested), "test"),
      train: {
        dataset: pictures(
          Int32Array.from({ length: drawn }, (_, i) => learned[i % learned.length]!),
          "train",
        ),
        collate: collateWith(tokenizer),
      },
    };
  },
  model({ preset: { clip } }, { data: { tokenizer }, rng }) {
    const ends = { beginId: tokenId(tokenizer, "[CLS]"), endId: tokenId(tokenizer, "[SEP]"), padId: tokenId(tokenizer, "[PAD]") };
    return new Clip({ ...clip, text: { ...clip.text, ...ends, vocabulary: tokenizer.vocabularySize }, rng });
  },
  loss(model, { ids, images }, { mode }) {
    return model.loss(model.forward({ texts: { ids }, images }, mode).logits);
  },
  validate: (model, options) => recall(model, options.data.validation, options),
  async measure(model, options) {
    return { metrics: await recall(model, options.data.test, options) };
  },
});
