/** A training step as users write it: upload, loss, gradients, update, the loss read back. */

import { type HostTensor, type Scalar, type Tensor, upload, valueAndGrad } from "@dl/core";
import { type CommonOptions, type Module, type Optimizer, readState } from "@dl/nn";
import { type Preparation, timed, type Workload } from "../workload.ts";

export interface TrainingWorkload<Name extends string> {
  readonly model: Module;
  readonly optimizer: Optimizer<CommonOptions>;
  readonly batch: Readonly<Record<Name, HostTensor>>;
  readonly loss: (batch: Record<Name, Tensor>) => Scalar;
}

/** Losses of this many first steps are compared between contestants. */
export const checkedSteps = 3;

export async function trainingWorkload<Name extends string>(
  { device, share }: Pick<Preparation, "device" | "share">,
  { model, optimizer, batch, loss }: TrainingWorkload<Name>,
): Promise<Workload & { readonly step: () => Promise<number> }> {
  await share(new Map([...(await readState(model)), ...Object.entries<HostTensor>(batch)]));
  const parameters = model.parameters();
  const step = (): Promise<number> =>
    device.compute((): Scalar => {
      const tensors = upload<Record<Name, HostTensor>>(batch);
      const { value, grads } = valueAndGrad(() => loss(tensors), parameters);
      optimizer.update(grads);
      return value;
    });
  const check: number[] = [];
  for (let i = 0; i < checkedSteps; i++) check.push(await step());
  return { check, run: timed(step), step };
}
