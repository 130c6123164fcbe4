/** One network that knows its shapes, and where Grad-CAM points in pictures of them. */

import { type Device, type HostTensor, Rng, type Tensor, tensor } from "@dl/core";
import { pointingGame } from "../src/checks/pointing-game.ts";
import { randomisedWeights } from "../src/checks/randomised-weights.ts";
import { drawShapes, trainedShapeNet } from "../src/explain-fixture.ts";
import { gradCam } from "../src/gradients/grad-cam.ts";

export interface ShapesSeed {
  readonly seed: number;
  /** On pictures that were not trained on. */
  readonly accuracy: number;
  /** Share of the pictures in which the hottest pixel lies on the shape. */
  readonly pointing: number;
  /** The same for squares, crosses and diagonal crosses. */
  readonly byShape: readonly number[];
  /** Of the maps before and after all layers were given random weights. */
  readonly similarity: number;
}

const pictures = 500;

export async function measureShapes(device: Device, { seed, steps = 600 }: { seed: number; steps?: number }): Promise<ShapesSeed> {
  using model = await trainedShapeNet(device, { seed, steps });
  const { images, masks, labels } = drawShapes(pictures, new Rng(1000 + seed), { empty: false });
  const forward = (x: Tensor): Tensor => model.forward(x);
  const cam = (): Tensor => gradCam(tensor(images), { model, layer: "conv3", forward, target: labels });
  const { maps, predictions } = (await device.compute(() => ({
    maps: cam(),
    predictions: forward(tensor(images)).argmax(-1),
  }))) as Record<string, HostTensor>;
  const hits = pointingGame({ maps: maps!, masks });
  const stages = await randomisedWeights({ device, model, explain: cam, rng: new Rng(seed) });
  const share = (values: ArrayLike<number>, of: (label: number) => boolean): number => {
    const chosen = Array.from(labels, (label, i) => ({ label, value: values[i]! })).filter(({ label }) => of(label));
    return chosen.reduce((sum, { value }) => sum + value, 0) / chosen.length;
  };
  return {
    seed,
    accuracy: labels.reduce((right, label, i) => right + Number(predictions!.data[i] === label), 0) / pictures,
    pointing: share(hits, () => true),
    byShape: [0, 1, 2].map((shape) => share(hits, (label) => label === shape)),
    similarity: stages.at(-1)!.similarity,
  };
}
