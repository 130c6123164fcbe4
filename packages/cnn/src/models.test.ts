import {
  conv2d,
  fill,
  type HostTensor,
  hostTensor,
  matmul,
  maximum,
  maxPool2d,
  OptionError,
  Rng,
  ShapeError,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "@dl/core";
import { crossEntropy, inference, readState, Sgd, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { Airbench, airbench94 } from "./airbench.ts";
import { AlexNet, alexnet } from "./alexnet.ts";
import { Conv5Fc3, conv5Fc3Cifar10 } from "./conv5fc3.ts";
import { ConvNext } from "./convnext.ts";
import { DenseNet, densenet100 } from "./densenet.ts";
import type { ImageClassifier } from "./image-classifier.ts";
import { KerasCnn, kerasCnnCifar10 } from "./keras-cnn.ts";
import { LeNet, lenetCifar10, lenetCifar10Wide, lenetMnist } from "./lenet.ts";
import { MobileNetV2, mobilenetV2, mobilenetV2Cifar } from "./mobilenet-v2.ts";
import { NasNet, nasnetCifar } from "./nasnet.ts";
import { ResNet, resnet20, resnet32, resnet44, resnet50, resnet56, resnet110 } from "./resnet.ts";
import { expectNear, onDevice, precisions } from "./torch-fixture.ts";
import { Vgg, vgg11, vgg16, vgg19 } from "./vgg.ts";
import { WideResNet, wideResnet28x10 } from "./wide-resnet.ts";

const rng = new Rng(3);
const wasm = precisions.at(-1)!.backend;

/** Small enough for a test, with every kind of layer. */
const small: Record<string, { make: (rng: Rng) => ImageClassifier; image: readonly [number, number, number] }> = {
  LeNet: { make: (rng) => new LeNet({ imageSize: 16, channels: 2, classes: 3, rng }), image: [16, 16, 2] },
  KerasCnn: {
    make: (rng) => new KerasCnn({ imageSize: 22, channels: 1, classes: 3, filters: [4, 4, 4], hidden: 8, rng }),
    image: [22, 22, 1],
  },
  Conv5Fc3: {
    make: (rng) => new Conv5Fc3({ imageSize: 8, channels: 3, classes: 3, filters: [4, 4, 4, 4, 4], hidden: [8, 8], rng }),
    image: [8, 8, 3],
  },
  "ResNet, first stage empty": { make: (rng) => new ResNet({ ...resnet20, depths: [0, 1], width: 4, classes: 3, rng }), image: [9, 7, 3] },
  "ResNet, shortcuts padded": { make: (rng) => new ResNet({ ...resnet20, depths: [1, 1], width: 4, classes: 3, rng }), image: [9, 7, 3] },
  "ResNet, bottlenecks": {
    make: (rng) => new ResNet({ ...resnet50, depths: [1, 1], width: 4, classes: 3, rng }),
    image: [17, 16, 3],
  },
  AlexNet: {
    make: (rng) => new AlexNet({ ...alexnet, filters: [4, 4, 4, 4, 4], pooledSize: 1, hidden: [8, 8], dropout: 0.1, classes: 3, rng }),
    image: [64, 64, 3],
  },
  WideResNet: { make: (rng) => new WideResNet({ depth: 10, width: 1, dropout: 0.1, classes: 3, rng }), image: [9, 8, 3] },
  MobileNetV2: {
    make: (rng) => new MobileNetV2({ stages: mobilenetV2Cifar.stages.slice(0, 3), stemStride: 1, width: 0.25, classes: 3, rng }),
    image: [9, 8, 3],
  },
  DenseNet: {
    make: (rng) => new DenseNet({ ...densenet100, depths: [2, 2], growth: 4, width: 4, dropout: 0.1, classes: 3, rng }),
    image: [9, 8, 3],
  },
  ConvNext: {
    make: (rng) => new ConvNext({ depths: [1, 2], widths: [8, 12], patchSize: 2, dropPath: 0.1, layerScale: 0.1, classes: 3, rng }),
    image: [8, 8, 3],
  },
  "NasNet, for small images": {
    make: (rng) => new NasNet({ ...nasnetCifar, stemWidth: 4, depth: 1, width: 4, classes: 3, rng }),
    image: [9, 8, 3],
  },
  Airbench: { make: (rng) => new Airbench({ ...airbench94, imageSize: 25, widths: [4, 4, 4], classes: 3, rng }), image: [25, 25, 3] },
  Vgg: { make: (rng) => new Vgg({ stages: [[4], [4, 4]], pooledSize: 2, hidden: [8], classes: 3, rng }), image: [8, 8, 3] },
};

function sample([height, width, channels]: readonly [number, number, number]): { images: HostTensor; labels: HostTensor } {
  const images = rng.fork("images").normal([6, height, width, channels]);
  return { images, labels: hostTensor(Int32Array.of(0, 1, 2, 0, 1, 2), [6]) };
}

describe.each(Object.entries(small))("%s", (_, { make, image }) => {
  const { images, labels } = sample(image);

  test("gives one logit a class, and trains: steps lower the loss of a batch", async () => {
    await onDevice(wasm(), async (device) => {
      using model = make(new Rng(1));
      using optimizer = new Sgd(model.parameters(), { learningRate: 0.02 });
      const logits = await device.compute(() => model.forward(tensor(images), inference));
      expect(logits.shape).toEqual([6, 3]);
      // The same dropout in every step, so that only the weights change.
      const losses: number[] = [];
      for (let step = 0; step < 8; step++) {
        losses.push(
          await device.compute(() => {
            const mode = training(new Rng(7));
            const loss = () => crossEntropy(model.forward(tensor(images), mode), tensor(labels));
            const { value, grads } = valueAndGrad(loss, model.parameters());
            optimizer.update(grads);
            return value;
          }),
        );
      }
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
    });
  });

  test("equal seeds give equal bits, other seeds others", async () => {
    await onDevice(wasm(), async (device) => {
      const logitsOf = async (seed: number): Promise<HostTensor> => {
        using model = make(new Rng(seed));
        return device.compute(() => model.forward(tensor(images), inference));
      };
      const first = await logitsOf(1);
      expect(await logitsOf(1)).toEqual(first);
      expect(await logitsOf(2)).not.toEqual(first);
    });
  });
});

/** Every parameter and running statistic drawn anew: biases and norms that start at 0 and 1 would hide a mistake. */
async function drawn(model: ImageClassifier): Promise<ReadonlyMap<string, HostTensor>> {
  for (const [path, cell] of model.state())
    cell.load(path.endsWith("runningVariance") ? rng.fork(path).uniform(cell.shape, 0.5, 2) : rng.fork(path).normal(cell.shape, 0, 0.5));
  return readState(model);
}

describe("logits are those of the same layers, one by one from the operations of @dl/core", () => {
  const exact = precisions[0]!;

  test("KerasCnn: convolution, ReLU and a pool of 2, three times; a hidden layer, ReLU, and the last", async () => {
    await onDevice(exact.backend(), async (device) => {
      using model = small.KerasCnn!.make(new Rng(1));
      const state = await drawn(model);
      const { images } = sample(small.KerasCnn!.image);
      const { got, wanted } = await device.compute(() => {
        const at = (path: string): Tensor => tensor(state.get(path)!);
        let x = tensor(images); // [6, 22, 22, 1]
        for (const i of [0, 1, 2]) {
          const y = conv2d(x, at(`convolutions.${i}.weight`)).add(at(`convolutions.${i}.bias`)); // unpadded
          x = maxPool2d(maximum(y, 0), { kernelSize: 2 }); // [6, 10, 10, 4], [6, 4, 4, 4], [6, 1, 1, 4]
        }
        x = maximum(matmul(x.reshape([6, 4]), at("hidden.weight")).add(at("hidden.bias")), 0); // [6, 8]
        return { got: model.forward(tensor(images), inference), wanted: matmul(x, at("head.weight")).add(at("head.bias")) };
      });
      expectNear(got, wanted, exact.logits, "logits");
    });
  });

  test("Conv5Fc3: convolution, batch norm and ReLU five times, pools after the first, second and fifth; three dense layers", async () => {
    await onDevice(exact.backend(), async (device) => {
      using model = small.Conv5Fc3!.make(new Rng(1));
      const state = await drawn(model);
      const { images } = sample(small.Conv5Fc3!.image);
      const { got, wanted } = await device.compute(() => {
        const at = (path: string): Tensor => tensor(state.get(path)!);
        let x = tensor(images); // [6, 8, 8, 3]
        for (const i of [0, 1, 2, 3, 4]) {
          const norm = (field: string): Tensor => at(`norms.${i}.${field}`);
          const y = conv2d(x, at(`convolutions.${i}.weight`), { padding: 1 });
          const unit = y.sub(norm("runningMean")).div(norm("runningVariance").add(1e-5).sqrt());
          x = maximum(unit.mul(norm("weight")).add(norm("bias")), 0);
          if ([0, 1, 4].includes(i)) x = maxPool2d(x, { kernelSize: 2 }); // [6, 4, 4, 4], [6, 2, 2, 4], [6, 1, 1, 4]
        }
        x = x.reshape([6, 4]);
        for (const layer of ["fc1", "fc2"]) x = maximum(matmul(x, at(`${layer}.weight`)).add(at(`${layer}.bias`)), 0); // [6, 8]
        return { got: model.forward(tensor(images), inference), wanted: matmul(x, at("fc3.weight")).add(at("fc3.bias")) };
      });
      expectNear(got, wanted, exact.logits, "logits");
    });
  });
});

describe("parameters", () => {
  test.each<[string, () => ImageClassifier, number]>([
    // 5·5·1·6 + 6, 5·5·6·16 + 16, 400·120 + 120, 120·84 + 84, 84·10 + 10
    ["LeNet of 1998, fully connected", () => new LeNet({ ...lenetMnist, rng }), 156 + 2416 + 48_120 + 10_164 + 850],
    // The PyTorch tutorial's.
    ["LeNet for CIFAR-10", () => new LeNet({ ...lenetCifar10, rng }), 62_006],
    // 5·5·3·32 + 32, 5·5·32·64 + 64, 6·6·64·256 + 256, 256·128 + 128, 128·10 + 10
    ["wide LeNet", () => new LeNet({ ...lenetCifar10Wide, rng }), 2432 + 51_264 + 590_080 + 32_896 + 1290],
    // 3·3·3·32 + 32, 3·3·32·64 + 64, 3·3·64·128 + 128, 512·128 + 128, 128·10 + 10
    ["KerasCnn", () => new KerasCnn({ ...kerasCnnCifar10, rng }), 896 + 18_496 + 73_856 + 65_664 + 1290],
    // 3·3·in·out and two a channel for batch norm; 4096·512 + 512, 512·256 + 256, 256·10 + 10
    ["Conv5Fc3", () => new Conv5Fc3({ ...conv5Fc3Cifar10, rng }), 1856 + 73_984 + 295_424 + 590_336 + 590_336 + 2_097_664 + 131_328 + 2570],
    // Table 6 rounds them to 0.27, 0.46, 0.66, 0.85 and 1.7 million.
    ["ResNet-20", () => new ResNet({ ...resnet20, classes: 10, rng }), 269_722],
    ["ResNet-32", () => new ResNet({ ...resnet32, classes: 10, rng }), 464_154],
    ["ResNet-44", () => new ResNet({ ...resnet44, classes: 10, rng }), 658_586],
    ["ResNet-56", () => new ResNet({ ...resnet56, classes: 10, rng }), 853_018],
    // Table 1: 36.5 million. 16·3·3·3; blocks; 640·10 + 10.
    ["WRN-28-10", () => new WideResNet({ ...wideResnet28x10, classes: 10, rng }), 36_479_194],
    // Table 2 says 0.8 million.
    ["DenseNet-BC (100, 12)", () => new DenseNet({ ...densenet100, classes: 10, rng }), 769_162],
    // torchvision's, for 1000 classes, without 990 rows of the last layer.
    ["MobileNetV2", () => new MobileNetV2({ ...mobilenetV2, classes: 10, rng }), 3_504_872 - 990 * 1281],
    // 3·12·24 + 24; 9·24·64 + 9·64² + 4·64, …; 256·10
    ["airbench94", () => new Airbench({ ...airbench94, rng }), 312 + 50_944 + 738_304 + 1_180_672 + 2560],
    ["ResNet-110", () => new ResNet({ ...resnet110, classes: 10, rng }), 1_727_962],
  ])("%s", (_, make, count) => {
    using model = make();
    expect(model.parameterCount).toBe(count);
  });

  test("VGG has 8, 13 and 16 convolutions, and ends in 512 channels", () => {
    expect([vgg11, vgg16, vgg19].map(({ stages }) => stages.flat().length)).toEqual([8, 13, 16]);
    for (const { stages } of [vgg11, vgg16, vgg19]) expect(stages.flat().at(-1)).toBe(512);
  });
});

test("a padded shortcut takes every second pixel and adds zero channels on both sides", async () => {
  await onDevice(wasm(), async (device) => {
    using model = new ResNet({ ...resnet20, depths: [1, 1], width: 2, classes: 2, rng });
    const { shortcut } = model.stages[1]![0]!;
    const image = hostTensor(
      Float32Array.from({ length: 18 }, (_, i) => i),
      [1, 3, 3, 2],
    );
    const y = await device.compute(() => shortcut!.forward(tensor(image), inference));
    expect(y.shape).toEqual([1, 2, 2, 4]);
    expect([...y.data]).toEqual([0, 0, 1, 0, 0, 4, 5, 0, 0, 12, 13, 0, 0, 16, 17, 0]);
  });
});

test("a new block begins near the identity of its shortcut when its last norm is silent", async () => {
  await onDevice(wasm(), async (device) => {
    using model = new ResNet({ ...resnet20, depths: [1], width: 3, classes: 2, rng });
    const block = model.stages[0]![0]!;
    const weight = block.layer2.norm.weight;
    weight.load(hostTensor(new Float32Array(weight.size), weight.shape));
    const image = rng.fork("block").uniform([1, 4, 4, 3]);
    const y = await device.compute(() => block.forward(tensor(image), inference));
    expect(y.data).toEqual(image.data);
  });
});

describe("wrong options say what to do", () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      "LeNet",
      () => new LeNet({ imageSize: 15, channels: 1, classes: 2, rng }),
      /^LeNet: expected a whole imageSize of at least 16 .* got 15\. Enlarge/,
    ],
    [
      "LeNet, activation",
      () => new LeNet({ ...lenetMnist, activation: "gelu" as "tanh", rng }),
      /expected activation "relu", "tanh" or "sigmoid" .* got "gelu"/,
    ],
    ["LeNet, padded", () => new LeNet({ imageSize: 11, channels: 1, classes: 2, padding: 2, rng }), /at least 12 with padding 2/],
    ["LeNet, fraction", () => new LeNet({ imageSize: 28.5, channels: 1, classes: 2, rng }), /got 28\.5/],
    ["KerasCnn", () => new KerasCnn({ imageSize: 21, channels: 1, classes: 2, rng }), /at least 22 for 3 convolutions .* fewer filters/],
    ["Conv5Fc3", () => new Conv5Fc3({ imageSize: 28, channels: 1, classes: 2, rng }), /a multiple of 8, got 28\. Crop or resize/],
    ["ResNet", () => new ResNet({ ...resnet20, depths: [], classes: 2, rng }), /every stage of depths .*, got .* \[\]/],
    ["ResNet, an empty stage", () => new ResNet({ ...resnet20, depths: [0, 1, 0], classes: 2, rng }), /the first may have 0.*\[0, 1, 0\]/],
    ["ResNet, classes", () => new ResNet({ ...resnet20, classes: 0, rng }), /whole numbers ≥ 1/],
    ["AlexNet", () => new AlexNet({ ...alexnet, classes: 0, rng }), /whole numbers ≥ 1, .* classes 0/],
    ["WideResNet", () => new WideResNet({ depth: 20, width: 1, classes: 2, rng }), /a depth of 10, 16, 22, … .* got 20/],
    ["MobileNetV2", () => new MobileNetV2({ stages: [], classes: 2, rng }), /expected stages/],
    ["DenseNet", () => new DenseNet({ ...densenet100, growth: 0.5, classes: 2, rng }), /whole numbers ≥ 1 .* 0\.5/],
    ["ConvNext", () => new ConvNext({ depths: [1], widths: [4, 8], classes: 2, rng }), /a width for each of the depths/],
    ["ConvNext, dropPath", () => new ConvNext({ depths: [1], widths: [4], dropPath: 1, classes: 2, rng }), /dropPath from 0 .* got 1/],
    ["NasNet", () => new NasNet({ ...nasnetCifar, width: 5, classes: 2, rng }), /a width that 2 divides, .* width 5/],
    ["Vgg", () => new Vgg({ stages: [[4], []], classes: 2, rng }), /stages of at least one convolution/],
    ["Vgg, pooledSize", () => new Vgg({ stages: [[4]], pooledSize: 0, classes: 2, rng }), /pooledSize 0/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });

  test.each<[string, () => ImageClassifier]>([
    ["LeNet", () => new LeNet({ imageSize: 16, channels: 1, classes: 2, rng })],
    ["KerasCnn", () => new KerasCnn({ imageSize: 22, channels: 1, classes: 2, filters: [2, 2, 2], hidden: 2, rng })],
  ])("the smallest image of %s runs", async (_, make) => {
    await onDevice(wasm(), async (device) => {
      using model = make();
      const side = model instanceof LeNet ? 16 : 22;
      const { shape } = await device.compute(() => model.forward(zeros([1, side, side, 1]), inference));
      expect(shape).toEqual([1, 2]);
    });
  });

  test("images of another size or channel count name the layer", async () => {
    await onDevice(wasm(), async (device) => {
      using model = new LeNet({ ...lenetMnist, rng });
      await expect(device.compute(() => model.forward(fill([1, 28, 28, 3], 0)))).rejects.toThrow(/In LeNet\.conv1\.$/);
      const other = device.compute(() => model.forward(fill([1, 32, 32, 1], 0)));
      await expect(other).rejects.toThrow(ShapeError);
      await expect(other).rejects.toThrow(/In LeNet\.fc1\.$/);
    });
  });
});
