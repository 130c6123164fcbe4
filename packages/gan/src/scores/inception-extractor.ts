/**
 * Inception-v3 as an extractor: the FID, KID and Inception Score that papers report. What is done to images is what pytorch-fid does
 * (github.com/mseitzer/pytorch-fid), the Inception Score's classes are those of Salimans et al. 2016 (github.com/openai/improved-gan).
 */

import { CheckpointError, concat, formatShape, matmul, permuteHost, resize, ShapeError, sameShape, type Tensor } from "@dl/core";
import { loadState, type NamedTensors } from "@dl/nn";
import type { FeatureExtractor } from "./feature-extractor.ts";
import type { Perception } from "./feature-network.ts";
import { InceptionV3, type InceptionVariant, inceptionFid } from "./inception-v3.ts";

/** An extractor and the network in it, whose weights are freed when it is disposed. */
export interface InceptionExtractor extends FeatureExtractor, Disposable {
  readonly network: InceptionV3;
}

export interface InceptionWeights {
  /** By PyTorch's names, in its layouts; those of the auxiliary head are left out. */
  tensors: NamedTensors;
  /** What stands in the extractor's name for them: the file, and the start of its checksum. */
  weights: string;
  /** Default: `fid` for 1,008 classes, `torchvision` for others. */
  variant?: InceptionVariant | undefined;
}

/** Side of the images that the network was trained on. */
const side = 299;

/** Channels of the widest convolution, in the network that has trained weights. */
const widest = { name: "Mixed_7b.branch3x3dbl_1.conv.weight", channels: 448 } as const;

const titles: Readonly<Record<InceptionVariant, string>> = { fid: "Inception-v3 of FID", torchvision: "torchvision's Inception-v3" };

/** Whether a file with tensors of these names is one of Inception-v3. */
export function isInception(names: Iterable<string>): boolean {
  return [...names].includes(widest.name);
}

/**
 * Looks at images `[B, H, W, 1 or 3]` of any size: grey is repeated as red, green and blue, then all are resized to 299×299 as `F.interpolate` does it
 * in PyTorch (bilinear, `align_corners=False`, no antialiasing, so that large images should come smoothed), then brought to [−1, 1].
 *
 * Features are the 2,048 means of the last block. Probabilities are the softmax of the logits; of FID's graph without their bias, as the Inception Score was published.
 *
 * @throws CheckpointError that lists missing, unknown and mis-shaped tensors.
 * @example no-run
 * using extractor = inceptionExtractor({ tensors: readTensors(bytes), weights: "inception.safetensors" });
 */
export function inceptionExtractor({ tensors, weights, variant }: InceptionWeights): InceptionExtractor {
  const network = networkOf({ tensors, weights, variant });
  const [size, classes] = network.head.weight.shape as readonly [number, number];
  const perceive = (images: Tensor): Perception => {
    const { rank, shape } = images;
    if (rank !== 4 || (shape[3] !== 1 && shape[3] !== 3)) {
      throw new ShapeError(`inceptionExtractor: expected images [B, H, W, 1] or [B, H, W, 3], got ${formatShape(shape)}.`);
    }
    const resized = resize(images, { size: [side, side] })
      .mul(2)
      .sub(1); // [B, 299, 299, 1 or 3]
    const { features, logits } = network.perceive(shape[3] === 3 ? resized : concat([resized, resized, resized], { axis: 3 }));
    // improved-gan multiplies by the weights of TensorFlow's graph and forgets its bias; torch-fidelity does so too, to give the published numbers.
    return { features, logits: network.variant === "fid" ? matmul(features, network.head.weight.value) : logits };
  };
  const share = network.width === 1 ? "" : ` with ${network.width} of the channels`;
  return {
    name: `${titles[network.variant]}${share}, weights ${weights}`,
    size,
    classes,
    // The first convolutions make 11 MB of an image.
    batchSize: 16,
    perceive,
    network,
    [Symbol.dispose]: () => network[Symbol.dispose](),
  };
}

/** The network that the tensors fit, by their shapes. */
function networkOf({ tensors, weights, variant }: InceptionWeights): InceptionV3 {
  const [channels = 0] = tensors.get(widest.name)?.shape ?? [];
  const [classes = 0] = tensors.get("fc.weight")?.shape ?? [];
  if (!(channels > 0 && channels <= widest.channels && classes > 1)) {
    const told = [widest.name, "fc.weight"].map((name) => `${name} ${formatShape(tensors.get(name)?.shape ?? [])}`).join(", ");
    throw new CheckpointError(
      `${weights}: expected the tensors of Inception-v3 by PyTorch's names, ${widest.name} of up to ${widest.channels} channels and fc.weight of at least 2 classes among them, got ${
        isInception(tensors.keys()) ? told : `${[...tensors.keys()].slice(0, 3).join(", ")} …`
      }. See @dl/gan's README for how to get them.`,
    );
  }
  const network = new InceptionV3({
    variant: variant ?? (classes === inceptionFid.classes ? "fid" : "torchvision"),
    classes,
    width: channels / widest.channels,
  });
  try {
    const paths = network.torchPaths();
    checkTensors({ tensors, weights }, network);
    loadState(network, tensors, {
      file: weights,
      map: (name) => {
        const path = paths.get(name);
        return path === undefined ? undefined : { path, convert: (tensor) => permuteHost(tensor, oursFromTorch[tensor.shape.length]!) };
      },
    });
  } catch (error) {
    network[Symbol.dispose]();
    throw error;
  }
  return network;
}

/** Where our axes are in PyTorch's tensors of as many axes, `[out, in, height, width]` and `[out, in]`; and the way back. */
const oursFromTorch: Readonly<Record<number, readonly number[]>> = { 1: [0], 2: [1, 0], 4: [2, 3, 1, 0] };
const torchFromOurs: Readonly<Record<number, readonly number[]>> = { 1: [0], 2: [1, 0], 4: [3, 2, 0, 1] };

/** What a file may have beside: another head, and PyTorch's count of batches, for a momentum that it does not use by default. */
const isUnused = (name: string): boolean => name.startsWith("AuxLogits.") || name.endsWith(".num_batches_tracked");

/** That the tensors are those of the network, in PyTorch's names and shapes. */
function checkTensors({ tensors, weights }: InceptionWeights, network: InceptionV3): void {
  const paths = network.torchPaths();
  const state = network.state();
  const missing = [...paths.keys()].filter((name) => !tensors.has(name));
  const unknown = [...tensors.keys()].filter((name) => !paths.has(name) && !isUnused(name));
  const misshapen = [...paths].flatMap(([name, path]) => {
    const ours = state.get(path)!.shape;
    const wanted = torchFromOurs[ours.length]!.map((axis) => ours[axis]!);
    const found = tensors.get(name)?.shape ?? wanted;
    return sameShape(found, wanted) ? [] : [`${name} (expected ${formatShape(wanted)}, got ${formatShape(found)})`];
  });
  const faults = Object.entries({ missing, unknown, "of another shape": misshapen }).filter(([, names]) => names.length > 0);
  if (faults.length === 0) return;
  const list = (names: readonly string[]): string =>
    names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
  throw new CheckpointError(
    `${weights}: expected the tensors of Inception-v3 by PyTorch's names, got others: ${faults.map(([what, names]) => `${what}: ${list(names)}`).join("; ")}. Is it a file of this network?`,
  );
}
