import { readFileSync } from "node:fs";
import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { augmentations } from "./augmentation-space.ts";
import { randAugmentLimits } from "./rand-augment.ts";
import { trivialAugmentLimits } from "./trivial-augment.ts";

interface Case {
  readonly space: "rand" | "trivial";
  readonly operation: string;
  readonly strength: number;
  readonly sign: 1 | -1;
  readonly out: readonly number[];
}

const { image, cases } = JSON.parse(readFileSync(new URL("../../fixtures/augment_operations.json", import.meta.url), "utf8")) as {
  image: { shape: [number, number, number]; data: number[] };
  cases: Case[];
};
const [height, width, channels] = image.shape;

/** A stream whose first draw is this sign. */
const drawing = (sign: number): Rng => {
  for (let seed = 0; ; seed++) if (new Rng(seed).float() < 0.5 === sign < 0) return new Rng(seed);
};

test("the operations are those of the papers", () => {
  expect(new Set(cases.map(({ operation }) => ours(operation)))).toEqual(new Set(Object.keys(augmentations)));
});

test.each(cases)("$operation of $space, strength $strength, sign $sign: torchvision's", ({ space, operation, strength, sign, out }) => {
  const data = Float32Array.from(image.data, (level) => level / 255);
  // Ours shears to the other side; both come as often.
  const rng = drawing(operation.startsWith("Shear") ? -sign : sign);
  const limits = space === "rand" ? randAugmentLimits : trivialAugmentLimits;
  augmentations[ours(operation)]!({ data, height, width, channels }, { strength, limits, fill: 0, rng });
  // Its luma has weights that sum to 0.9999, and its sampling grid is in float32.
  for (const [i, value] of out.entries()) expect(Math.abs(data[i]! - value), `value ${i}`).toBeLessThan(1e-4);
});

function ours(operation: string): string {
  return operation === "Color" ? "saturation" : operation[0]!.toLowerCase() + operation.slice(1);
}
