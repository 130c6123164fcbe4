/** Ours as a contestant: answers `bench/contestants/protocol.ts` on stdin. */

import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { serve } from "../contestants/serve.ts";
import type { Claim } from "./claims.ts";
import { workloads } from "./workloads.ts";

await using device = await openDevice(wasm({ threads: 1 }));
await serve({ device: device.name, versions: { node: process.versions.node, v8: process.versions.v8 } }, async ({ workload, parameters }) =>
  workloads[workload as Claim["workload"]](device, parameters),
);
