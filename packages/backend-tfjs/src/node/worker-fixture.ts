/** Trains on tensorflow() in a worker thread and posts the losses. */

import { parentPort, workerData } from "node:worker_threads";
import { openDevice } from "@dl/core";
import { tensorflow } from "./tensorflow.ts";
import { SmallTraining } from "./training-fixture.ts";

{
  await using device = await openDevice(tensorflow());
  using training = new SmallTraining();
  parentPort!.postMessage(await training.steps(device, workerData as number));
}
