/** What a layer is given, rounded: scale and zero point of one input. */

import { type Cell, type HostTensor, hostTensor, type Tensor } from "@dl/core";
import { Buffer, Module, Parameter } from "@dl/nn";
import { fakeQuantise } from "./fake-quantise.ts";
import { type AffineScale, activationIntegers, leastScale, roundToEven } from "./integers.ts";

/** A scalar, on the host. */
export function scalar(value: number): HostTensor {
  return hostTensor(Float32Array.of(value), []);
}

/** Fixed, or learned with the gradients of `fakeQuantise`. */
export class InputQuantiser extends Module {
  readonly scale: Cell;
  readonly zeroPoint: Cell;

  constructor({ scale, zeroPoint }: AffineScale, { learned = false }: { learned?: boolean } = {}) {
    super();
    const Kind = learned ? Parameter : Buffer;
    this.scale = new Kind(scalar(scale));
    this.zeroPoint = new Kind(scalar(zeroPoint));
  }

  forward(x: Tensor): Tensor {
    const { scale, zeroPoint } = this;
    const isLearned = scale instanceof Parameter;
    // Values of one example: the batch is no part of the layer. Esser et al. 2020, section 2.2.
    const values = x.size / Math.max(1, x.shape[0] ?? 1);
    return fakeQuantise(x, {
      scale: isLearned ? scale.value.clip(leastScale, Number.MAX_VALUE) : scale.value,
      zeroPoint: zeroPoint.value,
      ...(isLearned && { learn: 1 / Math.sqrt(values * activationIntegers.high) }),
    });
  }

  /** As host numbers, the zero point whole. */
  async read(): Promise<AffineScale> {
    const [scale, zeroPoint] = [(await this.scale.read()).data[0]!, (await this.zeroPoint.read()).data[0]!];
    const { low, high } = activationIntegers;
    return { scale: Math.max(leastScale, scale), zeroPoint: Math.min(high, Math.max(low, roundToEven(zeroPoint))) };
  }
}
