/** Runs one piece of work on a device under test and on the oracle, and holds the results against each other. */

import { expect } from "vitest";
import type { BackendDevice, Operand } from "../backend.ts";
import { type DType, isFloat, type TypedArray } from "../dtype.ts";
import type { HostTensor } from "../host-tensor.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { compareArrays, exact, type Tolerance } from "./closeness.ts";

/** Kernel calls over uploaded inputs; returns the buffers it made, all of which the caller frees. */
export type Launch = (device: BackendDevice, inputs: readonly Operand<unknown>[]) => readonly unknown[];

export interface Output {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Of floats. Default exact. */
  readonly tolerance?: Tolerance | undefined;
}

export class Comparison {
  readonly subject: BackendDevice;
  readonly oracle: BackendDevice;

  constructor(subject: BackendDevice, oracle: BackendDevice) {
    this.subject = subject;
    this.oracle = oracle;
  }

  /** Fails unless the subject's outputs are the oracle's. */
  async run(what: string, inputs: readonly HostTensor[], outputs: readonly Output[], launch: Launch): Promise<void> {
    const expected = await collect(this.oracle, inputs, outputs, launch);
    await this.against(what, inputs, outputs, launch, expected);
  }

  /** Fails unless the subject's outputs are `expected`; `launch` must leave its inputs as they were. */
  async against(
    what: string,
    inputs: readonly HostTensor[],
    outputs: readonly Output[],
    launch: Launch,
    expected: readonly ArrayLike<number>[],
  ): Promise<void> {
    const actual = await collect(this.subject, inputs, outputs, launch);
    for (let i = 0; i < outputs.length; i++) {
      const tolerance = isFloat(outputs[i]!.dtype) ? (outputs[i]!.tolerance ?? exact) : exact;
      expect(compareArrays(actual[i]!, expected[i]!, tolerance), `${what}, output ${i}`).toBe("equal");
    }
  }

  /** Runs work that writes its inputs, and fails unless they then hold `expected`. */
  async inPlace(
    what: string,
    inputs: readonly HostTensor[],
    tolerances: readonly Tolerance[],
    expected: readonly ArrayLike<number>[],
    work: (device: BackendDevice, inputs: readonly Operand<unknown>[]) => void,
  ): Promise<void> {
    const device = this.subject;
    const operands = upload(device, inputs);
    try {
      work(device, operands);
      for (let i = 0; i < inputs.length; i++) {
        const actual = await device.read(operands[i]!.buffer, inputs[i]!.dtype, inputs[i]!.data.length);
        expect(compareArrays(actual, expected[i]!, tolerances[i]!), `${what}, operand ${i}`).toBe("equal");
      }
    } finally {
      for (const { buffer } of operands) device.free(buffer);
    }
  }
}

function upload(device: BackendDevice, inputs: readonly HostTensor[]): Operand<unknown>[] {
  return inputs.map(({ data, shape, dtype }) => ({ buffer: device.upload(data, dtype), shape, dtype }));
}

/** The outputs of `launch`, read; fails if it wrote an input. Frees everything, that one failure may not look like a leak as well. */
async function collect(
  device: BackendDevice,
  inputs: readonly HostTensor[],
  outputs: readonly Output[],
  launch: Launch,
): Promise<TypedArray[]> {
  const operands = upload(device, inputs);
  let buffers: readonly unknown[] = [];
  try {
    buffers = launch(device, operands);
    const results: TypedArray[] = [];
    for (let i = 0; i < outputs.length; i++) {
      results.push(await device.read(buffers[i], outputs[i]!.dtype, sizeOf(outputs[i]!.shape)));
    }
    for (let i = 0; i < inputs.length; i++) {
      const { data, dtype } = inputs[i]!;
      const after = await device.read(operands[i]!.buffer, dtype, data.length);
      expect(compareArrays(after, data, exact), `input ${i} after the kernel`).toBe("equal");
    }
    return results;
  } finally {
    for (const buffer of buffers) device.free(buffer);
    for (const { buffer } of operands) device.free(buffer);
  }
}
