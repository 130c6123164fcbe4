/** The one suite every backend runs: each kernel, over every shape, dtype and geometry, against the float64 oracle. */

import { afterAll, describe, expect, test } from "vitest";
import type { Backend, FusedKernels, Kernels } from "../backend.ts";
import { Rng } from "../rng.ts";
import { Comparison } from "./comparison.ts";
import { convolutionContract } from "./contract-convolution.ts";
import { elementwiseContract } from "./contract-elementwise.ts";
import { fusedContract } from "./contract-fused.ts";
import { indexingContract } from "./contract-indexing.ts";
import { matmulContract } from "./contract-matmul.ts";
import { memoryContract } from "./contract-memory.ts";
import { movementContract } from "./contract-movement.ts";
import { poolingContract } from "./contract-pooling.ts";
import { reductionContract } from "./contract-reductions.ts";
import { stepsContract } from "./contract-steps.ts";

export interface KernelContractOptions {
  /** A device whose floats are float64: `cpu({ precision: "float64" })`. */
  readonly oracle: Backend;
}

export interface ClaimContext {
  readonly comparison: Comparison;
  /** A stream of the claim's own: adding one changes no other. */
  readonly rng: Rng;
}

type KernelName = keyof Kernels<unknown> | keyof FusedKernels<unknown>;

/** Registers a test of one kernel. */
export type Claim = (kernel: KernelName, title: string, body: (context: ClaimContext) => Promise<void>) => void;

/**
 * Registers the tests of a backend's kernels; call it at the top of a test file.
 *
 * A kernel named in `capabilities.weaknesses` is run like any other. Its failures are noted beside the test with the declared reason,
 * and a weakness of which nothing is seen fails: declarations must not outlive what they excuse.
 *
 * In a test file: `kernelContract(wasm(), { oracle: cpu({ precision: "float64" }) });`
 */
export function kernelContract(backend: Backend, { oracle }: KernelContractOptions): void {
  describe(`kernels of ${backend.name}`, async () => {
    const subject = await backend.open();
    const reference = await oracle.open();
    const comparison = new Comparison(subject, reference);
    const weaknesses = subject.capabilities.weaknesses;
    const claimed = new Set<string>();
    const seenWeak = new Set<string>();
    afterAll(async () => {
      await subject.close();
      await reference.close();
    });

    const claim: Claim = (kernel, title, body) => {
      claimed.add(kernel);
      test(`${kernel}: ${title}`, async ({ annotate }) => {
        const context = { comparison, rng: new Rng(20_260_101).fork(`${kernel}: ${title}`) };
        const reason = weaknesses[kernel];
        if (reason === undefined) {
          await body(context);
          return;
        }
        expect(reason.length, `the reason of the weakness "${kernel}"`).toBeGreaterThan(20);
        try {
          await body(context);
        } catch (error) {
          seenWeak.add(kernel);
          await annotate(`${kernel}: declared weakness: ${reason} Here: ${error instanceof Error ? error.message : String(error)}`);
        }
      });
    };

    test("the oracle computes in float64", () => {
      expect(reference.capabilities.float).toBe("float64");
    });
    memoryContract(backend, subject);
    stepsContract(backend);
    elementwiseContract(claim);
    reductionContract(claim);
    matmulContract(claim);
    convolutionContract(claim);
    poolingContract(claim);
    indexingContract(claim);
    movementContract(claim);
    fusedContract(claim, subject.fused);

    test("every kernel the device offers was checked", () => {
      const offered = [...Object.keys(subject.kernels), ...Object.keys(subject.fused)];
      expect(offered.filter((kernel) => !claimed.has(kernel))).toEqual([]);
    });
    test("every declared weakness names a kernel, and was seen", () => {
      expect(Object.keys(weaknesses).filter((kernel) => !seenWeak.has(kernel))).toEqual([]);
    });
    test("nothing is left on the devices", () => {
      expect(subject.memory()).toMatchObject({ buffers: 0, bytes: 0 });
      expect(reference.memory()).toMatchObject({ buffers: 0, bytes: 0 });
    });
  });
}
