/** The contract of gradients in a browser: every operation with both its gradients, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract } from "@dl/core/testing";
import { webgpu } from "./webgpu.ts";

gradientContract(webgpu(), { oracle: cpu({ precision: "float64" }) });
