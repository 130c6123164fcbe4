import { cpu } from "@dl/backend-cpu";
import {
  ConvNext,
  DenseNet,
  densenet100,
  type ImageClassifier,
  LeNet,
  lenetMnist,
  MobileNetV2,
  mobilenetV2Cifar,
  ResNet,
  resnet20,
  Vgg,
} from "@dl/cnn";
import { type HostTensor, openDevice, Rng, softmax, tensor } from "@dl/core";
import { DcganGenerator } from "@dl/gan";
import { Gru, inference, Linear } from "@dl/nn";
import { ViT } from "@dl/transformer";
import "@tensorflow/tfjs-backend-cpu";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { exportTfjs, type TfjsFiles } from "./export-tfjs.ts";

const rng = new Rng(8);
const init = rng.fork("init");
const device = await openDevice(cpu());
beforeAll(() => tf.setBackend("cpu"));

/** As a browser loads the two files. */
function load({ topology, weights }: TfjsFiles) {
  // Through JSON, as the file is.
  const { modelTopology, weightsManifest, signature, format } = JSON.parse(JSON.stringify(topology));
  const weightSpecs = weightsManifest[0].weights;
  return loadGraphModel({ load: async () => ({ modelTopology, weightSpecs, weightData: weights.slice().buffer, signature, format }) });
}

const models: readonly { name: string; size: number; channels: number; model: () => ImageClassifier }[] = [
  { name: "LeNet", size: 28, channels: 1, model: () => new LeNet({ ...lenetMnist, rng: init }) },
  { name: "ResNet", size: 16, channels: 3, model: () => new ResNet({ ...resnet20, depths: [1, 1, 1], classes: 4, rng: init }) },
  {
    name: "MobileNetV2",
    size: 8,
    channels: 3,
    model: () => new MobileNetV2({ ...mobilenetV2Cifar, stages: mobilenetV2Cifar.stages.slice(0, 2), classes: 4, rng: init }),
  },
  {
    name: "VGG",
    size: 16,
    channels: 3,
    model: () => new Vgg({ stages: [[4], [8]], hidden: [16], pooledSize: 1, batchNorm: true, classes: 4, rng: init }),
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
];

for (const { name, size, channels, model: make } of models) {
  test(`TensorFlow.js loads ${name} and gives the same probabilities at two batch sizes`, async () => {
    using model = make();
    const files = await exportTfjs(model, {
      inputs: { images: { shape: ["batch", size, size, channels] } },
      forward: ({ images }) => ({ probabilities: softmax(model.forward(images, inference)) }),
    });
    const loaded = await load(files);
    expect(loaded.inputs.map(({ name, shape }) => ({ name, shape }))).toEqual([{ name: "images", shape: [-1, size, size, channels] }]);
    for (const batch of [1, 3]) {
      const images = rng.fork(`images ${batch}`).normal([batch, size, size, channels]);
      const expected = (await device.compute(() => softmax(model.forward(tensor(images), inference)))) as HostTensor;
      const input = tf.tensor(images.data as Float32Array, [...images.shape]);
      const output = loaded.predict({ images: input }) as tf.Tensor;
      expect(output.shape).toEqual(expected.shape);
      const values = output.dataSync();
      for (const [i, value] of expected.data.entries()) expect(Math.abs(values[i]! - value)).toBeLessThan(1e-4);
      tf.dispose([input, output]);
    }
    loaded.dispose();
  });
}

test("inputs and outputs have names of their own, also beside weights that are called so", async () => {
  using model = new Linear({ inputs: 2, outputs: 2, rng: init });
  const x = rng.fork("x").normal([3, 2]);
  const expected = (await device.compute(() => model.forward(tensor(x)))) as HostTensor;
  const loaded = await load(
    await exportTfjs(model, { inputs: { weight: { shape: ["batch", 2] } }, forward: ({ weight }) => ({ bias: model.forward(weight) }) }),
  );
  const input = tf.tensor(x.data as Float32Array, [3, 2]);
  const output = loaded.predict({ weight: input }) as tf.Tensor;
  for (const [i, value] of output.dataSync().entries()) expect(value).toBeCloseTo(expected.data[i]!, 5);
  tf.dispose([input, output]);
  loaded.dispose();
  const same = exportTfjs(model, { inputs: { x: { shape: ["batch", 2] } }, forward: ({ x }) => ({ x: model.forward(x) }) });
  await expect(same).rejects.toThrow('exportTfjs: expected outputs with other names than the inputs, got "x" for both');
});

test("what TensorFlow.js cannot run, or not with free sizes, is named", async () => {
  const latents = { latents: { shape: ["batch", 8] } } as const;
  using generator = new DcganGenerator({ latent: 8, startSize: 4, startWidth: 8, widths: [4], channels: 1, rng: init });
  const draw = exportTfjs(generator, { inputs: latents, forward: ({ latents }) => generator.forward(latents, inference) });
  await expect(draw).rejects.toThrow(/got conv2dInputGradient.*Export it as ONNX/);
  using recurrent = new Gru({ inputs: 3, size: 4, rng: init });
  const run = exportTfjs(recurrent, {
    inputs: { x: { shape: ["batch", 5, 3] } },
    forward: ({ x }) => recurrent.forward(x, inference).output,
  });
  await expect(run).rejects.toThrow(/got recurrent/);
  // −3 / 2 is −1 here, and −2 there.
  const divide = exportTfjs(recurrent, {
    inputs: { x: { shape: ["batch", 3], dtype: "int32" } },
    forward: ({ x }) => x.div(tensor({ shape: [1], dtype: "int32", data: Int32Array.of(2) })),
  });
  await expect(divide).rejects.toThrow(/expected divisions of floats, got one of int32/);
  using vit = new ViT({ imageSize: 8, patchSize: 4, size: 8, layers: 1, heads: 2, labels: ["a", "b"], rng: init });
  const see = exportTfjs(vit, {
    inputs: { images: { shape: ["batch", 8, 8, 3] } },
    forward: ({ images }) => vit.forward(images, inference),
  });
  await expect(see).rejects.toThrow(/expected/);
});
