import { type HostTensor, hostTensor, matmul, Rng, type Scalar, sum, type Tensor, tensor } from "@dl/core";
import { AdamW, crossEntropy } from "@dl/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Dense, drawShapes, onDevice } from "../explain-fixture.ts";
import { adversarialStep } from "./adversarial-step.ts";
import { fgsm } from "./fgsm.ts";
import { pgd } from "./pgd.ts";

const weigh =
  (...weights: number[]) =>
  (x: Tensor): Scalar =>
    sum(matmul(x, tensor(hostTensor(Float64Array.from(weights), [weights.length, 1]))));
const row = (...numbers: number[]): HostTensor => hostTensor(Float64Array.from(numbers), [1, numbers.length]);

test("FGSM by hand: up where the loss rises, down where it falls, no further than the range", async () => {
  await onDevice(async (device) => {
    const attacked = (await device.compute(() => fgsm(tensor(row(0.5, 0.5, 0.95)), { loss: weigh(2, -3, 1), epsilon: 0.1 }))) as HostTensor;
    [0.6, 0.4, 1].forEach((value, i) => {
      expect(attacked.data[i]).toBeCloseTo(value, 12);
    });
  });
});

describe("PGD", () => {
  test("stays within the budget and the range, whatever the loss, and raises it", async () => {
    await onDevice(async (device) => {
      using model = new Dense();
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 1000 }),
          fc.double({ min: 0.01, max: 0.5, noNaN: true }),
          fc.constantFrom("linf", "l2"),
          async (seed, epsilon, norm) => {
            const clean = hostTensor(Float64Array.from(new Rng(seed).uniform([3, 6]).data), [3, 6]);
            const labels = Int32Array.of(0, 1, 2);
            const { attacked, before, after } = (await device.compute(() => {
              const loss = (x: Tensor): Scalar => crossEntropy(model.forward(x), tensor(labels));
              const x = tensor(clean);
              const attacked = pgd(x, { loss, epsilon, norm: norm as "linf" | "l2", steps: 7, rng: new Rng(seed) });
              return { attacked, before: loss(x), after: loss(attacked) };
            })) as unknown as { attacked: HostTensor; before: number; after: number };
            for (let example = 0; example < 3; example++) {
              const change = Array.from({ length: 6 }, (_, i) => attacked.data[6 * example + i]! - clean.data[6 * example + i]!);
              const size = norm === "linf" ? Math.max(...change.map(Math.abs)) : Math.hypot(...change);
              expect(size).toBeLessThanOrEqual(epsilon + 1e-9);
            }
            expect([...attacked.data].every((value) => value >= 0 && value <= 1)).toBe(true);
            expect(after).toBeGreaterThanOrEqual(before - 1e-9);
          },
        ),
        { numRuns: 12 },
      );
    });
  });

  test("of a linear loss it ends in the corner that FGSM jumps to, or along the gradient", async () => {
    await onDevice(async (device) => {
      const loss = weigh(3, -4);
      const { corner, jump, along } = (await device.compute(() => {
        const x = tensor(row(0.5, 0.5));
        return {
          corner: pgd(x, { loss, epsilon: 0.2 }),
          jump: fgsm(x, { loss, epsilon: 0.2 }),
          along: pgd(x, { loss, epsilon: 0.2, norm: "l2" }),
        };
      })) as Record<string, HostTensor>;
      corner!.data.forEach((value, i) => {
        expect(value).toBeCloseTo(jump!.data[i]!, 12);
      });
      expect(along!.data[0]).toBeCloseTo(0.5 + 0.2 * 0.6, 9);
      expect(along!.data[1]).toBeCloseTo(0.5 - 0.2 * 0.8, 9);
    });
  });
});

test("an adversarial step lowers the loss of attacked inputs; with clean: 1 it is an ordinary step", async () => {
  await onDevice(async (device) => {
    const { images, labels } = drawShapes(4, new Rng(1));
    const run = async (clean: number): Promise<number[]> => {
      using model = new Dense({ inputs: 256, classes: 4 });
      using optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
      const loss = (x: Tensor): Scalar => crossEntropy(model.forward(x), tensor(labels));
      const losses: number[] = [];
      for (let step = 0; step < 10; step++) {
        losses.push(
          (await device.compute(() =>
            adversarialStep(tensor(images), {
              optimizer,
              parameters: model.parameters(),
              loss,
              clean,
              attack: (x, by) => fgsm(x, { loss: by, epsilon: 0.1 }),
            }),
          )) as unknown as number,
        );
      }
      return losses;
    };
    const [hard, plain] = [await run(0), await run(1)];
    expect(hard.at(-1)).toBeLessThan(hard[0]!);
    expect(hard[0]).toBeGreaterThan(plain[0]!);
    await expect(run(2)).rejects.toThrow("expected a share from 0 to 1 for clean, got 2");
  }, "fast");
});

test("what does not fit is an error", async () => {
  await onDevice(async (device) => {
    const run = (work: () => Tensor) => device.compute(() => work());
    const x = (): Tensor => tensor(row(0.5));
    await expect(run(() => fgsm(x(), { loss: weigh(1), epsilon: -1 }))).rejects.toThrow("fgsm: expected an epsilon of at least 0, got -1");
    await expect(run(() => fgsm(x(), { loss: weigh(1), epsilon: 0.1, range: [1, 0] }))).rejects.toThrow("expected low < high in range");
    await expect(run(() => pgd(x(), { loss: weigh(1), epsilon: 0.1, steps: 0 }))).rejects.toThrow("pgd: expected at least 1 step, got 0");
    await expect(run(() => pgd(x(), { loss: weigh(1), epsilon: 0.1, stepSize: -0.1 }))).rejects.toThrow(
      "a stepSize of at least 0, got -0.1",
    );
    await expect(run(() => pgd(x(), { loss: weigh(1), epsilon: 0.1, norm: "l1" as "l2" }))).rejects.toThrow(
      "expected norm linf or l2, got l1",
    );
  });
});
