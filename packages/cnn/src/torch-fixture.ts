/** For tests: the networks of `fixtures`, as PyTorch ran them, and as we build them. */

import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, type HostTensor, hostTensor, openDevice, Rng } from "@dl/core";
import type { Module } from "@dl/nn";
import { readTensors } from "@dl/nn";
import { expect } from "vitest";
import { Airbench, airbench94 } from "./airbench.ts";
import { AlexNet, alexnet } from "./alexnet.ts";
import { ConvNext } from "./convnext.ts";
import { DenseNet } from "./densenet.ts";
import type { ImageClassifier } from "./image-classifier.ts";
import { LeNet, lenetMnist } from "./lenet.ts";
import { MobileNetV2 } from "./mobilenet-v2.ts";
import { NasNet, nasnetLarge } from "./nasnet.ts";
import { ResNet, resnet18, resnet20, wideResnet50 } from "./resnet.ts";
import type { TorchNamed } from "./torch-state.ts";
import { Vgg } from "./vgg.ts";
import { WideResNet } from "./wide-resnet.ts";

export type TorchClassifier = ImageClassifier & Module & TorchNamed;

export interface Reference {
  readonly folder: string;
  readonly model: () => TorchClassifier;
  /** Whose names the weights have. Default torchvision's. */
  readonly library?: "torchvision" | "timm";
}

const rng = new Rng(0);

export const references: readonly Reference[] = [
  {
    folder: "lenet",
    model: () => new LeNet({ ...lenetMnist, filters: [6, 12], hidden: [40, 24], activation: "tanh", pool: "average", rng }),
  },
  { folder: "resnet20_cifar", model: () => new ResNet({ ...resnet20, width: 8, shortcut: "project", classes: 10, rng }) },
  {
    folder: "vgg11_bn",
    model: () =>
      new Vgg({
        stages: [[4], [8], [16, 16], [32, 32], [32, 32]],
        batchNorm: true,
        pooledSize: 1,
        hidden: [32],
        dropout: 0,
        classes: 7,
        rng,
      }),
  },
  {
    folder: "alexnet",
    model: () => new AlexNet({ ...alexnet, filters: [4, 6, 6, 5, 5], pooledSize: 2, hidden: [12, 8], dropout: 0, classes: 5, rng }),
  },
  { folder: "resnet18", model: () => new ResNet({ ...resnet18, depths: [1, 1, 1], width: 4, classes: 5, rng }) },
  { folder: "wide_resnet50", model: () => new ResNet({ ...wideResnet50, depths: [1, 1], width: 4, classes: 5, rng }) },
  {
    folder: "mobilenet_v2",
    model: () =>
      new MobileNetV2({
        stages: [
          { expansion: 1, channels: 16, blocks: 1, stride: 1 },
          { expansion: 6, channels: 32, blocks: 2, stride: 2 },
          { expansion: 4, channels: 64, blocks: 1, stride: 1 },
        ],
        width: 0.25,
        dropout: 0,
        classes: 5,
        rng,
      }),
  },
  { folder: "densenet", model: () => new DenseNet({ stem: "imagenet", depths: [2, 2], growth: 4, width: 8, classes: 5, rng }) },
  { folder: "convnext", model: () => new ConvNext({ depths: [2, 2], widths: [6, 8], classes: 5, rng }) },
  {
    folder: "convnext_timm",
    library: "timm",
    model: () => new ConvNext({ depths: [1, 2, 1, 1], widths: [4, 6, 8, 8], classes: 5, rng }),
  },
  { folder: "nasnet", model: () => new NasNet({ ...nasnetLarge, stemWidth: 4, width: 4, classes: 5, rng }) },
  { folder: "wide_resnet", model: () => new WideResNet({ depth: 10, width: 1, classes: 5, rng }) },
  { folder: "airbench", model: () => new Airbench({ ...airbench94, widths: [6, 8, 8], classes: 5, rng }) },
];

export interface Numbers {
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** `[B, H, W, C]` */
  readonly images: HostTensor;
  /** `[B]` */
  readonly labels: HostTensor;
  readonly expected: ReadonlyMap<string, HostTensor>;
  readonly meta: { readonly parameters: number; readonly lr: number; readonly weight_decay: number; readonly loss: number };
}

export function fixturePath(name: string): string {
  return new URL(`../fixtures/${name}`, import.meta.url).pathname;
}

export function readNumbers(folder: string): Numbers {
  const read = (name: string): Map<string, HostTensor> => readTensors(readFileSync(fixturePath(`${folder}/${name}.safetensors`)));
  const inputs = read("inputs");
  return {
    weights: read("model"),
    images: channelsLast(inputs.get("x")!),
    labels: inputs.get("y")!,
    expected: read("expected"),
    meta: JSON.parse(readFileSync(fixturePath(`${folder}/meta.json`), "utf8")) as Numbers["meta"],
  };
}

/** `[B, C, H, W]` → `[B, H, W, C]` */
function channelsLast({ shape, data }: HostTensor): HostTensor {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const pixels = height * width;
  const turned = Float32Array.from({ length: data.length }, (_, i) => {
    const channel = i % channels;
    const pixel = Math.floor(i / channels) % pixels;
    return data[(Math.floor(i / (channels * pixels)) * channels + channel) * pixels + pixel]!;
  });
  return hostTensor(turned, [batch, height, width, channels]);
}

export interface Precision {
  readonly name: string;
  readonly backend: () => Backend;
  /** Largest error of logits in inference, and of what training gives: absolute, and relative to the tensor's largest value. */
  readonly logits: readonly [absolute: number, relative: number];
  readonly training: readonly [absolute: number, relative: number];
}

// The reference is float64 rounded to float32, 6e-8; the float32 bounds are those of the fixtures' maker.
const single = { logits: [1e-5, 1e-4], training: [1e-4, 1e-3] } as const;
const double = { logits: [1e-7, 1e-7], training: [1e-7, 1e-7] } as const;

export const precisions: readonly Precision[] = [
  { name: "cpu float64", backend: () => cpu({ precision: "float64" }), ...double },
  { name: "cpu float32", backend: () => cpu(), ...single },
  { name: "wasm", backend: () => wasm({ threads: 1 }), ...single },
];

export function expectNear(got: HostTensor, wanted: HostTensor, [absolute, relative]: readonly [number, number], what: string): void {
  expect(got.shape, `shape of ${what}`).toEqual(wanted.shape);
  const bound = absolute + relative * Math.max(...Array.from(wanted.data, Math.abs));
  wanted.data.forEach((value, i) => {
    if (!(Math.abs(got.data[i]! - value) <= bound)) expect.fail(`${what}[${i}]: expected ${value} ± ${bound}, got ${got.data[i]}`);
  });
}

/** Runs `work` on a device and expects no buffer to be left when it and its cells are gone. */
export async function onDevice(backend: Backend, work: (device: Device) => Promise<void>): Promise<void> {
  await using device = await openDevice(backend);
  await work(device);
  expect(device.memory().buffers).toBe(0);
}
