/** Layers that carry a student's features to the channels of its teacher's, and are thrown away after training. Romero et al. 2015, arXiv:1412.6550, section 2.2. */

import { type Device, type HostTensor, OptionError, type Rng, Tensor, tensor } from "@dl/core";
import { Conv2d, inference, Linear, Module, observe } from "@dl/nn";
import type { TracedModel } from "../layers/traced-model.ts";

/** Two layers whose outputs are compared, by their paths. */
export interface FeaturePair {
  readonly student: string;
  readonly teacher: string;
}

/** What a forward pass made, with the outputs of some layers. */
export interface ObservedPass {
  readonly logits: Tensor;
  readonly features: ReadonlyMap<string, Tensor>;
}

/** A forward pass that also gives the outputs of the layers at `paths`; of a layer that runs several times, the last. */
export function passWithFeatures(
  where: string,
  { model, paths }: { model: Module; paths: readonly string[] },
  forward: () => Tensor,
): ObservedPass {
  const features = new Map<string, Tensor>();
  const wanted = new Set(paths);
  const logits = observe(
    model,
    (path, _, { output }) => {
      if (wanted.has(path) && output instanceof Tensor) features.set(path, output);
    },
    forward,
  );
  for (const path of paths) {
    if (features.has(path)) continue;
    const known = [...model.modules.keys()].filter((name) => name !== "").slice(0, 12);
    throw new OptionError(
      `${where}: expected a layer of ${model.constructor.name} that gives a tensor (${known.join(", ")} …), got ${JSON.stringify(path)}.`,
    );
  }
  return { logits, features };
}

/** One regressor a pair, by number: a 1×1 convolution for images, a dense layer for the rest. */
export class FeatureRegressors extends Module {
  readonly layers: readonly (Linear | Conv2d)[];

  constructor(layers: readonly (Linear | Conv2d)[]) {
    super();
    this.layers = layers;
  }

  /** Regressors for the shapes that the pairs have on `example`, a batch of inputs. */
  static async between(
    { student, teacher }: { readonly student: TracedModel; readonly teacher: TracedModel },
    pairs: readonly FeaturePair[],
    { device, example, rng }: { device: Device; example: HostTensor; rng: Rng },
  ): Promise<FeatureRegressors> {
    const shapes = (model: TracedModel, side: keyof FeaturePair): Promise<readonly (readonly number[])[]> =>
      device.compute(() => {
        const paths = pairs.map((pair) => pair[side]);
        const { features } = passWithFeatures("distil", { model, paths }, () => model.forward(tensor(example), inference));
        return paths.map((path) => features.get(path)!.shape);
      }) as Promise<readonly (readonly number[])[]>;
    const [from, to] = [await shapes(student, "student"), await shapes(teacher, "teacher")];
    return new FeatureRegressors(
      pairs.map((pair, i) => {
        const [a, b] = [from[i]!, to[i]!];
        if (a.slice(0, -1).join() !== b.slice(0, -1).join()) {
          throw new OptionError(
            `distil: expected features that differ in their channels only, got [${a.join(", ")}] of ${pair.student} and [${b.join(", ")}] of ${pair.teacher}. Choose layers where the images are as large.`,
          );
        }
        const options = { inputs: a.at(-1)!, outputs: b.at(-1)!, rng: rng.fork(`regressor ${i}`) };
        return a.length === 4 ? new Conv2d({ ...options, kernelSize: 1 }) : new Linear(options);
      }),
    );
  }

  forward(features: Tensor, pair: number): Tensor {
    return this.layers[pair]!.forward(features);
  }
}
