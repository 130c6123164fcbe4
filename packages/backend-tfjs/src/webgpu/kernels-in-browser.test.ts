/** The contract of kernels in a browser, against the float64 oracle. Minutes of shaders on a software GPU: where DL_WHOLE_CONTRACT is set, as in CI. */

import { cpu } from "@dl/backend-cpu";
import { kernelContract } from "@dl/core/testing";
import { webgpu } from "./webgpu.ts";

kernelContract(webgpu(), { oracle: cpu({ precision: "float64" }) });
