/** Claim: asking a 64-unit policy for one action takes microseconds: observation in, outputs back on the host. */

import { type HostTensor, tensor } from "@dl/core";
import { readState } from "@dl/nn";
import type { BenchCase } from "../case.ts";
import { Mlp } from "../models/mlp.ts";
import { timedSync } from "../workload.ts";

export const mlpForward: readonly BenchCase[] = (["cpu", "wasm"] as const).map((device) => ({
  name: `mlp-forward-${device}`,
  title: `64-unit MLP forward, batch 1, computeSync on ${device}`,
  workload: "mlp-forward",
  parameters: { inputs: 4, hidden: 64, outputs: 2, calls: 200 },
  quick: { calls: 5 },
  device,
  measures: "time",
  prepare: async ({ device, parameters, rng, share }) => {
    const { inputs, hidden, outputs, calls } = parameters as Record<"inputs" | "hidden" | "outputs" | "calls", number>;
    const model = new Mlp({ inputs, hidden, outputs, rng: rng.fork("init") });
    const observation = rng.fork("observation").normal([1, inputs]);
    await share(new Map([...(await readState(model)), ["observation", observation]]));
    const act = (): HostTensor => device.computeSync(() => model.forward(tensor(observation)));
    return { check: [...act().data], run: timedSync(act, { calls }) };
  },
  peers: ["torch"],
  tolerance: 1e-4,
  floors: device === "cpu" ? [{ of: "ratio", peer: "torch", atMost: () => 1 }] : [],
}));
