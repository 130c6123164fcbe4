/** For tests of translation: outlines of discs and squares, and the same filled, in [−1, 1]. */

import { type HostTensor, hostTensor, type Rng } from "@dl/core";

/** `count` pairs of `[side, side, 1]`. */
export function outlines(
  count: number,
  { side, rng }: { side: number; rng: Rng },
): { readonly inputs: HostTensor; readonly targets: HostTensor } {
  const [inputs, targets] = [new Float32Array(count * side * side).fill(-1), new Float32Array(count * side * side).fill(-1)];
  for (let n = 0; n < count; n++) {
    const draw = rng.fork(`shape ${n}`);
    const radius = draw.float(side / 6, side / 3);
    const [middleY, middleX] = [draw.float(radius + 1, side - radius - 1), draw.float(radius + 1, side - radius - 1)];
    const isDisc = draw.float() < 0.5;
    for (let i = 0; i < side * side; i++) {
      const [y, x] = [Math.floor(i / side) + 0.5 - middleY, (i % side) + 0.5 - middleX];
      const distance = isDisc ? Math.hypot(y, x) : Math.max(Math.abs(y), Math.abs(x));
      if (distance > radius) continue;
      targets[n * side * side + i] = 1;
      if (distance > radius - 1.2) inputs[n * side * side + i] = 1;
    }
  }
  const shape = [count, side, side, 1];
  return { inputs: hostTensor(inputs, shape), targets: hostTensor(targets, shape) };
}

/** Mean absolute difference. */
export function distanceOf(made: HostTensor, wanted: HostTensor): number {
  let sum = 0;
  for (let i = 0; i < made.data.length; i++) sum += Math.abs(made.data[i]! - wanted.data[i]!);
  return sum / made.data.length;
}
