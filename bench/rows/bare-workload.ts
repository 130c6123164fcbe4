/** A training step with the core taken away: its kernel calls, recorded once and called again. */

import { Device } from "@dl/core";
import { KernelRecorder } from "../measure/kernel-recorder.ts";
import { type Preparation, timedSync, type Workload } from "../workload.ts";
import { type TrainingWorkload, trainingWorkload } from "./training-workload.ts";

/**
 * Trains through the core for the checked steps, records one more, and goes on without the core.
 * `check` ends with the losses of the recorded step and of the first bare one.
 */
export async function bareWorkload<Name extends string>(
  preparation: Preparation,
  make: (preparation: Preparation) => TrainingWorkload<Name>,
): Promise<Workload> {
  const recorder = new KernelRecorder(preparation.backend);
  const device = new Device(recorder);
  const workload = await trainingWorkload({ device, share: async () => {} }, make({ ...preparation, device }));
  // Recorded last: by then every weight and moment lies on the device, and the trace uploads nothing but the batch.
  const replay = await recorder.record(workload.step);
  const check = [...workload.check, replay.result, replay.run()![0]!];
  return { check, run: timedSync(replay.run, { calls: 1 }) };
}
