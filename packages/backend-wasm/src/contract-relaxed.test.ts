/** The contract on relaxed SIMD. In a file of its own: in Node 20 and 22 it sets a flag of V8, for the whole process. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { wasm } from "./wasm.ts";

const oracle = cpu({ precision: "float64" });
const backend = wasm({ threads: 2, relaxed: true });

kernelContract(backend, { oracle });
gradientContract(backend, { oracle });
