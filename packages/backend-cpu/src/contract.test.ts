/** The cpu device in float32, held to the contract by itself in float64 (which `oracle.test.ts` checks on its own). */

import { kernelContract } from "@dl/core/testing";
import { cpu } from "./cpu.ts";

kernelContract(cpu(), { oracle: cpu({ precision: "float64" }) });
