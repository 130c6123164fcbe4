import {
  Airbench,
  AlexNet,
  airbench94,
  CenterNet,
  Conv5Fc3,
  ConvNext,
  DenseNet,
  densenet100,
  type ImageClassifier,
  KerasCnn,
  LeNet,
  lenetMnist,
  MobileNetV2,
  mobilenetV2Cifar,
  NasNet,
  ResNet,
  resnet20,
  UNet,
  Vgg,
  WideResNet,
} from "@dl/cnn";
import { Rng } from "@dl/core";
import { FeatureNetwork, featureNetworkMnist } from "@dl/gan";
import { BlockCellNetwork, type CellOperation, type EdgeCell, EdgeCellNetwork, MobileNetwork, nasnetSpace, sample } from "@dl/nas";
import { inference, type Module } from "@dl/nn";
import { Box, CategoricalPolicy, Discrete, GaussianPolicy } from "@dl/rl";
import { bertTiny, Clip, CompactTransformer, cct2, EncoderDecoder, Gpt2, Llama, SequenceClassifier, T5, ViT } from "@dl/transformer";
import { expect, test } from "vitest";
import type { InputSpec } from "../trace/trace-model.ts";
import { type CheckOptions, checkExport, onnxNode, onnxWeb } from "./export-fixture.ts";

const rng = new Rng(5);
const init = rng.fork("init");

/** In Node's runtime and in the browser's. */
function checkEverywhere<I extends Readonly<Record<string, InputSpec>>>(model: Module, options: CheckOptions<I>): Promise<Uint8Array> {
  return checkExport(model, { ...options, runtimes: [onnxNode, onnxWeb] });
}

/** Every operation there is on an edge. */
const edges: EdgeCell<CellOperation> = {
  nodes: 4,
  edges: [
    { from: 0, to: 1, operation: "conv3x3" },
    { from: 0, to: 2, operation: "separable3x3" },
    { from: 1, to: 2, operation: "avgPool3x3" },
    { from: 0, to: 3, operation: "skip" },
    { from: 1, to: 3, operation: "none" },
    { from: 2, to: 3, operation: "conv1x1" },
  ],
};

const classifiers: readonly { name: string; size: number; channels: number; model: () => ImageClassifier }[] = [
  { name: "LeNet", size: 28, channels: 1, model: () => new LeNet({ ...lenetMnist, rng: init }) },
  { name: "ResNet", size: 16, channels: 3, model: () => new ResNet({ ...resnet20, depths: [1, 1, 1], classes: 4, rng: init }) },
  {
    name: "MobileNetV2",
    size: 16,
    channels: 3,
    model: () => new MobileNetV2({ ...mobilenetV2Cifar, stages: mobilenetV2Cifar.stages.slice(0, 3), classes: 4, rng: init }),
  },
  {
    name: "VGG",
    size: 16,
    channels: 3,
    model: () => new Vgg({ stages: [[4], [8, 8]], hidden: [16], pooledSize: 1, batchNorm: true, classes: 4, rng: init }),
  },
  {
    name: "DenseNet",
    size: 8,
    channels: 3,
    model: () => new DenseNet({ ...densenet100, depths: [2, 2], growth: 4, classes: 4, rng: init }),
  },
  {
    name: "ConvNeXt",
    size: 16,
    channels: 3,
    model: () => new ConvNext({ depths: [1, 1], widths: [8, 12], patchSize: 2, layerScale: 1, classes: 4, rng: init }),
  },
  { name: "airbench", size: 32, channels: 3, model: () => new Airbench({ ...airbench94, widths: [8, 8, 8], rng: init }) },
  {
    name: "the CNN of Keras's example",
    size: 22,
    channels: 3,
    model: () => new KerasCnn({ imageSize: 22, channels: 3, filters: [4, 6, 8], hidden: 8, classes: 4, rng: init }),
  },
  {
    name: "five convolutions and three dense layers",
    size: 16,
    channels: 3,
    model: () => new Conv5Fc3({ imageSize: 16, channels: 3, filters: [4, 4, 6, 6, 8], hidden: [8, 6], classes: 4, rng: init }),
  },
  {
    name: "AlexNet",
    size: 56,
    channels: 3,
    model: () =>
      new AlexNet({
        filters: [4, 6, 8, 6, 6],
        stem: { kernelSize: 5, stride: 2, padding: 2 },
        pooledSize: 2,
        hidden: [12, 8],
        classes: 4,
        rng: init,
      }),
  },
  {
    name: "NASNet",
    size: 16,
    channels: 3,
    model: () => new NasNet({ stem: "cifar", stemWidth: 8, depth: 1, width: 4, classes: 4, rng: init }),
  },
  { name: "a wide ResNet", size: 16, channels: 3, model: () => new WideResNet({ depth: 10, width: 1, classes: 4, rng: init }) },
  {
    name: "a searched network of edges",
    size: 8,
    channels: 3,
    model: () => new EdgeCellNetwork({ cell: edges, inputs: 3, classes: 4, channels: 4, stages: 2, cellsPerStage: 1, rng: init }),
  },
  {
    name: "a searched network of blocks",
    size: 8,
    channels: 3,
    model: () =>
      new BlockCellNetwork({
        cells: sample(nasnetSpace({ blocks: 3 }), new Rng(4)).value,
        inputs: 3,
        classes: 4,
        channels: 4,
        stages: 2,
        cellsPerStage: 1,
        rng: init,
      }),
  },
  {
    name: "a searched network of inverted residuals",
    size: 16,
    channels: 3,
    model: () => {
      const blocks = [{ kernelSize: 3, expansion: 3 } as const, { kernelSize: 5, expansion: 3 } as const];
      const stages = [8, 12].map((channels) => ({ channels, blocks }));
      return new MobileNetwork({ stages, inputs: 3, classes: 4, channels: 8, rng: init });
    },
  },
  {
    name: "a compact transformer",
    size: 16,
    channels: 3,
    model: () => new CompactTransformer({ ...cct2, imageSize: 16, classes: 4, stem: [6], size: 8, hidden: 12, deviation: 0.3, rng: init }),
  },
  { name: "U-Net", size: 16, channels: 3, model: () => new UNet({ classes: 2, width: 4, depth: 2, rng: init }) },
];

for (const { name, size, channels, model: make } of classifiers) {
  test(`${name} gives the same logits in ONNX Runtime, in Node and for browsers, at any batch size`, async () => {
    using model = make();
    const inputs = { images: { shape: ["batch", size, size, channels] } } as const;
    await checkEverywhere(model, {
      inputs,
      forward: ({ images }) => model.forward(images, inference),
      sizes: [{ batch: 1 }, { batch: 3 }],
      rng,
    });
  });
}

test("CenterNet: three maps", async () => {
  using model = new CenterNet({ classes: 2, width: 4, rng: init });
  await checkEverywhere(model, {
    inputs: { images: { shape: ["batch", 16, 16, 3] } },
    forward: ({ images }) => ({ ...model.forward(images, inference) }),
    ...{ sizes: [{ batch: 1 }, { batch: 3 }], rng },
  });
});

test("the network that scores look through: features and logits", async () => {
  using model = new FeatureNetwork({ ...featureNetworkMnist, rng: init });
  await checkEverywhere(model, {
    inputs: { images: { shape: ["batch", 12, 12, 1] } },
    forward: ({ images }) => ({ ...model.perceive(images, inference) }),
    ...{ sizes: [{ batch: 2 }], rng },
  });
});

/** A batch of one token too. */
const texts = [
  { batch: 1, time: 1 },
  { batch: 3, time: 9 },
  { batch: 2, time: 24 },
];
const ids = { shape: ["batch", "time"], dtype: "int32" } as const;
const mask = { shape: ["batch", "time"], dtype: "bool" } as const;
const small = { vocabulary: 40, context: 48, size: 16, layers: 2, heads: 2 } as const;
// First weights as large as trained ones: attention that is all but uniform would hide a wrong mask.
const deviation = 0.3;

test("BERT with masks and segments", async () => {
  using model = new SequenceClassifier({ ...bertTiny, ...small, deviation, labels: ["no", "yes"], rng: init });
  await checkEverywhere(model, {
    inputs: { ids, mask, segments: { ...ids } },
    forward: ({ ids, mask, segments }) => model.forward({ ids, mask, segments }, inference),
    ...{ sizes: texts, ids: 2, rng },
  });
});

test("GPT-2, with and without a mask of padding", async () => {
  using model = new Gpt2({ ...small, deviation, rng: init });
  await checkEverywhere(model, { inputs: { ids }, forward: (input) => model.forward(input, inference), sizes: texts, ids: 40, rng });
  await checkEverywhere(model, { inputs: { ids, mask }, forward: (input) => model.forward(input, inference), sizes: texts, ids: 40, rng });
});

test("Llama: rotary positions and grouped heads, at any length", async () => {
  using model = new Llama({ ...small, heads: 4, keyHeads: 2, hidden: 24, deviation, rng: init });
  const sizes = [...texts, { batch: 1, time: 48 }];
  await checkEverywhere(model, { inputs: { ids }, forward: (input) => model.forward(input, inference), sizes, ids: 40, rng });
});

const pair = [
  { batch: 1, time: 1, written: 1 },
  { batch: 2, time: 11, written: 5 },
];
const written = { shape: ["batch", "written"], dtype: "int32" } as const;
const largest = { time: 48, written: 48 };

test("T5: distances between tokens, cross-attention; as long as `largest` and no longer", async () => {
  using model = new T5({ vocabulary: 40, size: 16, layers: 2, heads: 2, headSize: 8, hidden: 24, feedForward: "gated-gelu", rng: init });
  await checkEverywhere(model, {
    inputs: { ids, mask, written },
    forward: ({ ids, mask, written }) => model.forward({ source: { ids, mask }, target: { ids: written } }, inference),
    ...{ sizes: [...pair, { batch: 1, time: 48, written: 48 }], largest, ids: 40, rng },
  });
  const short = checkEverywhere(model, {
    inputs: { ids },
    forward: ({ ids }) => model.encode({ ids }, inference),
    ...{ sizes: [{ batch: 1, time: 25 }], largest: { time: 24 }, ids: 40, rng },
  });
  // The table of distances has 24 rows.
  await expect(short).rejects.toThrow(/24|25|broadcast/);
});

test("BART's form and the first transformer's: learned places and sines", async () => {
  for (const positions of ["learned", "sinusoidal"] as const) {
    using model = new EncoderDecoder({ ...small, hidden: 24, positions, embeddingNorm: positions === "learned", deviation, rng: init });
    await checkEverywhere(model, {
      inputs: { ids, mask, written },
      forward: ({ ids, mask, written }) => model.forward({ source: { ids, mask }, target: { ids: written } }, inference),
      ...{ sizes: pair, largest, ids: 40, rng },
    });
  }
});

test("ViT", async () => {
  using model = new ViT({ imageSize: 16, patchSize: 4, size: 16, layers: 2, heads: 2, labels: ["a", "b", "c"], deviation, rng: init });
  const inputs = { images: { shape: ["batch", 16, 16, 3] } } as const;
  await checkEverywhere(model, {
    inputs,
    forward: ({ images }) => model.forward(images, inference),
    sizes: [{ batch: 1 }, { batch: 4 }],
    rng,
  });
});

test("CLIP: as many texts as you like beside as many images as you like", async () => {
  const half = { size: 16, layers: 1, heads: 2, deviation };
  using model = new Clip({
    projection: 8,
    text: { ...half, vocabulary: 40, context: 48, endId: 39 },
    vision: { ...half, imageSize: 8, patchSize: 4 },
    rng: init,
  });
  await checkEverywhere(model, {
    inputs: { ids: { shape: ["texts", "time"], dtype: "int32" }, images: { shape: ["pictures", 8, 8, 3] } },
    forward: ({ ids, images }) => {
      const { logits, texts, images: pictures } = model.forward({ texts: { ids }, images }, inference);
      return { logits, texts, pictures };
    },
    sizes: [
      { texts: 1, time: 2, pictures: 1 },
      { texts: 3, time: 7, pictures: 2 },
    ],
    ...{ ids: 40, rng },
  });
});

test("policies", async () => {
  const observationSpace = new Box({ shape: [4], low: -1, high: 1 });
  const inputs = { observations: { shape: ["batch", 4] } } as const;
  const sizes = [{ batch: 1 }, { batch: 7 }];
  const options = { observationSpace, hidden: [16], rng: init };
  using discrete = new CategoricalPolicy({ ...options, actionSpace: new Discrete(3) });
  await checkEverywhere(discrete, { inputs, forward: ({ observations }) => discrete.forward(observations), sizes, rng });
  using continuous = new GaussianPolicy({ ...options, actionSpace: new Box({ shape: [2], low: -1, high: 1 }), logStdStart: -1 });
  await checkEverywhere(continuous, { inputs, forward: ({ observations }) => continuous.forward(observations), sizes, rng });
});
