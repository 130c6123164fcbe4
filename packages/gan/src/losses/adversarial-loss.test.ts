import { cpu } from "@dl/backend-cpu";
import { openDevice, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { backends, decode, type Encoded, expectClose, onDevice, readFixture } from "../reference-fixture.ts";
import {
  type AdversarialLoss,
  hingeAdversarial,
  leastSquares,
  nonSaturating,
  relativisticAverage,
  rightShares,
  saturating,
  wasserstein,
} from "./adversarial-loss.ts";

const losses: Readonly<Record<string, AdversarialLoss>> = {
  nonSaturating: nonSaturating(),
  "nonSaturating 0.9": nonSaturating({ realTarget: 0.9 }),
  saturating: saturating(),
  leastSquares: leastSquares(),
  hinge: hingeAdversarial(),
  wasserstein: wasserstein(),
  relativisticAverage: relativisticAverage(),
};

interface LossCase {
  readonly name: string;
  readonly real: Encoded;
  readonly fake: Encoded;
  readonly discriminator: number;
  readonly generator: number;
  readonly discriminatorByReal: Encoded;
  readonly discriminatorByFake: Encoded;
  readonly generatorByFake: Encoded;
}

test("who is right: above the boundary of a loss, or above the other side's mean where scores have no zero", async () => {
  await using device = await openDevice(cpu());
  const shares = async (loss: AdversarialLoss) => {
    const { real, fake } = await device.compute(() => ({ ...rightShares(loss, { real: tensor([5, 6, 2]), fake: tensor([3, 1, 7]) }) }));
    return [real, fake];
  };
  expect(await shares(nonSaturating())).toEqual([1, 0]);
  // Means are 13 / 3 of the real ones, 11 / 3 of the others.
  const expected = [expect.closeTo(2 / 3), expect.closeTo(2 / 3)];
  expect(await shares(wasserstein())).toEqual(expected);
  expect(await shares(relativisticAverage())).toEqual(expected);
});

describe.each(backends)("on $name", ({ open, digits }) => {
  test.each(readFixture<LossCase[]>("losses.json"))("$name: both losses and their gradients are PyTorch's", async (example) => {
    const loss = losses[example.name]!;
    await onDevice(open(), async (device) => {
      const found = await device.compute(() => {
        const [real, fake] = [tensor(decode(example.real)), tensor(decode(example.fake))];
        const d = valueAndGrad(() => loss.discriminator(real, fake), [real, fake]);
        const g = valueAndGrad(() => loss.generator(fake, real), [fake]);
        return { d: d.value, g: g.value, byReal: d.grads.get(real)!, byFake: d.grads.get(fake)!, gByFake: g.grads.get(fake)! };
      });
      expectClose(found.d, example.discriminator, { digits, label: "discriminator" });
      expectClose(found.g, example.generator, { digits, label: "generator" });
      expectClose(found.byReal, example.discriminatorByReal, { digits, label: "by real" });
      expectClose(found.byFake, example.discriminatorByFake, { digits, label: "by fake" });
      expectClose(found.gByFake, example.generatorByFake, { digits, label: "generator by fake" });
    });
  });
});

test("scores of a thousand overflow no loss", async () => {
  await using device = await openDevice(cpu());
  for (const loss of Object.values(losses)) {
    const [d, g] = await device.compute(() => {
      const [high, low] = [tensor([1e3, 1e3]), tensor([-1e3, -1e3])];
      return [loss.discriminator(low, high), loss.generator(low, high)] as const;
    });
    expect(Number.isFinite(d), loss.name).toBe(true);
    expect(Number.isFinite(g), loss.name).toBe(true);
  }
});

test("a bad target, and a relativistic generator without real scores, are named", async () => {
  expect(() => nonSaturating({ realTarget: 0.5 })).toThrow("nonSaturating: expected a realTarget above 0.5, up to 1, got 0.5.");
  expect(() => leastSquares({ realTarget: 2 })).toThrow("leastSquares: expected a realTarget");
  await using device = await openDevice(cpu());
  await expect(device.compute(() => relativisticAverage().generator(tensor([1])))).rejects.toThrow(
    "relativisticAverage.generator: expected the scores of real examples beside those of fakes, got none.",
  );
});
