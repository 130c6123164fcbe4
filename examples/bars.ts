/** Pictures without a download, for `--quick`: noisy bars on 28×28 pixels, whose angle is the class. */

import { hostTensor, type Rng } from "@dl/core";
import { type ArrayDataset, arrayDataset } from "@dl/data";

/** Images float32 `[28, 28, 1]` in [0, 1], labels int32 0–9: what MNIST has. */
export function bars(rng: Rng, { count }: { count: number }): ArrayDataset<"images" | "labels"> {
  const side = 28;
  const labels = rng.fork("labels").integers([count], 0, 10);
  const images = rng.fork("noise").uniform([count, side, side, 1], 0, 0.3);
  const places = rng.fork("places").uniform([count, 2], 10, 18).data;
  for (let example = 0; example < count; example++) {
    const angle = (labels.data[example]! * Math.PI) / 10;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const [y, x] = [row - places[2 * example]!, column - places[2 * example + 1]!];
        const [along, across] = [x * cos + y * sin, y * cos - x * sin];
        if (Math.abs(across) < 1.5 && Math.abs(along) < 9) images.data[(example * side + row) * side + column]! += 0.7;
      }
    }
  }
  return arrayDataset({ images: hostTensor(images.data, images.shape), labels });
}
