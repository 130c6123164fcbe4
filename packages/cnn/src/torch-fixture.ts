/** For tests: the networks of `fixtures`, as PyTorch ran them, and as we build them. */

import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, type HostTensor, hostTensor, openDevice, Rng } from "@dl/core";
import type { Module } from "@dl/nn";
import { readTensors } from "@dl/nn";
import { expect } from "vitest";
import type { ImageClassifier } from "./image-classifier.ts";
import { LeNet, lenetMnist } from "./lenet.ts";
import { ResNet, resnet20 } from "./resnet.ts";
import type { TorchNamed } from "./torch-state.ts";
import { Vgg } from "./vgg.ts";

export type TorchClassifier = ImageClassifier & Module & TorchNamed;

export interface Reference {
  readonly folder: string;
  readonly model: () => TorchClassifier;
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
