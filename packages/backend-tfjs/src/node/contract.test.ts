/** TensorFlow, held to the contract every backend keeps. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { whereItStarts } from "../startable-fixture.ts";
import { cuda, tensorflow } from "./tensorflow.ts";

const oracle = cpu({ precision: "float64" });

for (const backend of [tensorflow(), cuda()]) {
  await whereItStarts(backend, () => {
    kernelContract(backend, { oracle });
    gradientContract(backend, { oracle });
  });
}
