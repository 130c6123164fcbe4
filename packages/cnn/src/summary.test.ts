import { readFileSync } from "node:fs";
import { type HostTensor, hostTensor, openDevice, Rng, type Shape, sizeOf } from "@dl/core";
import { ConvTranspose2d, DepthwiseConv2d, type Layer, type Module, Sequential } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { Airbench, airbench94 } from "./airbench.ts";
import { AlexNet, alexnet } from "./alexnet.ts";
import { Conv5Fc3, conv5Fc3Cifar10 } from "./conv5fc3.ts";
import { ConvNext, convNextTiny } from "./convnext.ts";
import { DenseNet, densenet100, densenet121 } from "./densenet.ts";
import type { ImageClassifier } from "./image-classifier.ts";
import { KerasCnn, kerasCnnCifar10 } from "./keras-cnn.ts";
import { LeNet, lenetCifar10, lenetCifar10Wide, lenetMnist } from "./lenet.ts";
import { MobileNetV2, mobilenetV2 } from "./mobilenet-v2.ts";
import { NasNet, nasnetCifar, nasnetMobile } from "./nasnet.ts";
import { ResNet, resnet18, resnet20, resnet50, resnet56 } from "./resnet.ts";
import { formatSummary, type ModelSummary, summarize } from "./summary.ts";
import { onDevice, precisions } from "./torch-fixture.ts";
import { Vgg, vgg11, vgg16 } from "./vgg.ts";
import { WideResNet, wideResnet16x4 } from "./wide-resnet.ts";

const rng = new Rng(1);
const wasm = precisions.at(-1)!.backend;

async function summaryOf(make: () => ImageClassifier, inputShape: readonly number[]): Promise<ModelSummary> {
  await using device = await openDevice(wasm());
  using model = make();
  return summarize(model, { device, inputShape });
}

test("LeNet by hand", async () => {
  const { layers, parameters, flops } = await summaryOf(() => new LeNet({ ...lenetMnist, rng }), [1, 28, 28, 1]);
  expect(layers.map(({ path, kind, outputShape }) => [path, kind, outputShape])).toEqual([
    ["conv1", "Conv2d", [1, 28, 28, 6]],
    ["conv2", "Conv2d", [1, 10, 10, 16]],
    ["fc1", "Linear", [1, 120]],
    ["fc2", "Linear", [1, 84]],
    ["fc3", "Linear", [1, 10]],
  ]);
  expect(parameters).toBe(61_706);
  // Two for every weight that an output value sums over: 28·28·6·25, 10·10·16·150, 400·120, 120·84, 84·10.
  expect(layers.map(({ flops }) => flops)).toEqual([2 * 117_600, 2 * 240_000, 2 * 48_000, 2 * 10_080, 2 * 840]);
  expect(flops).toBe(833_040);
});

test("the table lines up", async () => {
  const summary = await summaryOf(() => new LeNet({ ...lenetMnist, rng }), [1, 28, 28, 1]);
  expect(formatSummary(summary)).toBe(
    [
      "layer  kind    output           parameters    FLOPs",
      "conv1  Conv2d  [1, 28, 28, 6]          156  235,200",
      "conv2  Conv2d  [1, 10, 10, 16]       2,416  480,000",
      "fc1    Linear  [1, 120]             48,120   96,000",
      "fc2    Linear  [1, 84]              10,164   20,160",
      "fc3    Linear  [1, 10]                 850    1,680",
      "total                               61,706  833,040",
    ].join("\n"),
  );
});

test("a batch of two does twice the work", async () => {
  const make = (): ImageClassifier => new KerasCnn({ ...kerasCnnCifar10, rng });
  const [one, two] = [await summaryOf(make, [1, 32, 32, 3]), await summaryOf(make, [2, 32, 32, 3])];
  expect(two.flops).toBe(2 * one.flops);
  expect(two.parameters).toBe(one.parameters);
});

test.each<[string, () => Layer & Module, number]>([
  // Each of 4·4·6 outputs sums over 3·3 weights of its own channel.
  ["depthwise", () => new DepthwiseConv2d({ channels: 6, kernelSize: 3, padding: 1, rng }), 2 * 96 * 9],
  // Each of 4·4·6 inputs goes into 2·2·5 outputs.
  ["transposed", () => new ConvTranspose2d({ inputs: 6, outputs: 5, kernelSize: 2, stride: 2, rng }), 2 * 96 * 20],
])("a %s convolution by hand", async (_, layer, flops) => {
  expect((await summaryOf(() => new Sequential([layer()]), [1, 4, 4, 6])).flops).toBe(flops);
});

test("parameters that a block has beside its layers have a row: ConvNeXt's scales, one a channel", async () => {
  const make = (): ImageClassifier => new ConvNext({ depths: [1, 2], widths: [4, 6], classes: 3, rng });
  const { layers } = await summaryOf(make, [1, 16, 16, 3]);
  const blocks = layers.filter(({ kind }) => kind === "ConvNextBlock");
  expect(blocks.map(({ parameters, outputShape, flops }) => [parameters, outputShape, flops])).toEqual([
    [4, [1, 4, 4, 4], 0],
    [6, [1, 2, 2, 6], 0],
    [6, [1, 2, 2, 6], 0],
  ]);
});

test.each<[string, () => ImageClassifier]>([
  ["ConvNeXt", () => new ConvNext({ depths: [1, 1], widths: [4, 6], classes: 3, rng })],
  ["ResNet", () => new ResNet({ ...resnet20, classes: 10, rng })],
  ["MobileNetV2", () => new MobileNetV2({ ...mobilenetV2, classes: 10, rng })],
  ["NASNet", () => new NasNet({ ...nasnetCifar, classes: 10, rng })],
  ["airbench", () => new Airbench({ ...airbench94, rng })],
])("%s shares nothing: the rows sum to the total", async (_, make) => {
  const { layers, parameters } = await summaryOf(make, [1, 32, 32, 3]);
  expect(layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
});

test("a summary leaves nothing on the device", async () => {
  await onDevice(wasm(), async (device) => {
    using model = new LeNet({ ...lenetMnist, rng });
    await summarize(model, { device, inputShape: [1, 28, 28, 1] });
  });
});

describe("the table of the README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const cells = readme.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  // Sizes and work do not depend on the weights: hundreds of millions need not be drawn.
  class Blank extends Rng {
    override fork(): Rng {
      return this;
    }
    override uniform(shape: Shape): HostTensor {
      return hostTensor(new Float32Array(sizeOf(shape)), shape);
    }
    override normal(shape: Shape): HostTensor {
      return this.uniform(shape);
    }
    override truncatedNormal(shape: Shape): HostTensor {
      return this.uniform(shape);
    }
  }
  const rng = new Blank(1);
  const cifarHead = { pooledSize: 1, hidden: [512], batchNorm: true, classes: 10 };

  test.each<[string, () => ImageClassifier, readonly number[]]>([
    ["`lenetMnist`", () => new LeNet({ ...lenetMnist, rng }), [1, 28, 28, 1]],
    ["`lenetCifar10`", () => new LeNet({ ...lenetCifar10, rng }), [1, 32, 32, 3]],
    ["`lenetCifar10Wide`", () => new LeNet({ ...lenetCifar10Wide, rng }), [1, 32, 32, 3]],
    ["`kerasCnnCifar10`", () => new KerasCnn({ ...kerasCnnCifar10, rng }), [1, 32, 32, 3]],
    ["`conv5Fc3Cifar10`", () => new Conv5Fc3({ ...conv5Fc3Cifar10, rng }), [1, 32, 32, 3]],
    ["`resnet20`", () => new ResNet({ ...resnet20, classes: 10, rng }), [1, 32, 32, 3]],
    ["`resnet56`", () => new ResNet({ ...resnet56, classes: 10, rng }), [1, 32, 32, 3]],
    ["`resnet18`", () => new ResNet({ ...resnet18, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`resnet50`", () => new ResNet({ ...resnet50, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`vgg11`", () => new Vgg({ ...vgg11, ...cifarHead, rng }), [1, 32, 32, 3]],
    ["`vgg16`", () => new Vgg({ ...vgg16, ...cifarHead, rng }), [1, 32, 32, 3]],
    ["`alexnet`", () => new AlexNet({ ...alexnet, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`wideResnet16x4`", () => new WideResNet({ ...wideResnet16x4, classes: 10, rng }), [1, 32, 32, 3]],
    ["`mobilenetV2`", () => new MobileNetV2({ ...mobilenetV2, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`densenet100`", () => new DenseNet({ ...densenet100, classes: 10, rng }), [1, 32, 32, 3]],
    ["`densenet121`", () => new DenseNet({ ...densenet121, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`convNextTiny`", () => new ConvNext({ ...convNextTiny, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`nasnetCifar`", () => new NasNet({ ...nasnetCifar, classes: 10, rng }), [1, 32, 32, 3]],
    ["`nasnetMobile`", () => new NasNet({ ...nasnetMobile, classes: 1000, rng }), [1, 224, 224, 3]],
    ["`airbench94`", () => new Airbench({ ...airbench94, rng }), [1, 32, 32, 3]],
  ])(
    "%s",
    async (preset, make, inputShape) => {
      const { parameters, flops } = await summaryOf(make, inputShape);
      const row = cells.find((row) => row[2] === preset);
      const million = (flops / 1e6).toFixed(flops < 1e7 ? 2 : 0);
      expect(row?.slice(4, 6)).toEqual([parameters.toLocaleString("en-US"), `${Number(million).toLocaleString("en-US")} M`]);
    },
    90_000,
  );
});
