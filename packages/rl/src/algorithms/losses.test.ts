import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, stopGradient, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { Categorical, MultiCategorical } from "../distributions/categorical.ts";
import { DiagonalGaussian } from "../distributions/gaussian.ts";
import { SquashedGaussian } from "../distributions/squashed-gaussian.ts";
import { readFixture } from "../environments/trajectory-fixture.ts";
import { projectAtoms } from "./categorical-projection.ts";
import { quantileLoss } from "./dqn.ts";
import { normalized } from "./numbers.ts";
import { ppoLoss } from "./ppo-loss.ts";

const device = await openDevice(cpu({ precision: "float64" }));
afterAll(() => device[Symbol.asyncDispose]());

type Nested = number | readonly Nested[];
const flat = (value: Nested): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));
const of = (value: Nested): Tensor => {
  const shape: number[] = [];
  for (let level = value; typeof level !== "number"; level = level[0]!) shape.push(level.length);
  return tensor(hostTensor(Float64Array.from(flat(value)), shape));
};
const whole = (value: Nested): Tensor => tensor(Int32Array.from(flat(value)));

function expectClose(actual: number | { readonly data: ArrayLike<number> }, expected: Nested, tolerance = 1e-9): void {
  const got = typeof actual === "number" ? [actual] : Array.from(actual.data);
  expect(got).toHaveLength(flat(expected).length);
  for (const [i, value] of flat(expected).entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(tolerance);
}

interface PpoFixture {
  args: { clip: number; vclip: number; vf: number; ent: number };
  discrete: Record<string, Nested>;
  gaussian: Record<string, Nested>;
}
const ppo = readFixture<PpoFixture>("ppo");

test("PPO's loss and gradients for choices are PyTorch's", async () => {
  const { args, discrete } = ppo;
  const advantages = Float64Array.from(flat(discrete.advantages!));
  normalized(advantages);
  expectClose({ data: advantages }, discrete.normalized_advantages!);
  const { value, grads } = await device.compute(() => {
    const logits = of(discrete.logits!);
    const values = of(discrete.values!);
    const { value, grads } = valueAndGrad(() => {
      const distribution = new Categorical(logits);
      return ppoLoss({
        logProbs: distribution.logProb(whole(discrete.actions!)),
        entropy: distribution.entropy(),
        oldLogProbs: of(discrete.old_log_probs!),
        advantages: tensor(advantages),
        values,
        oldValues: of(discrete.old_values!),
        returns: of(discrete.returns!),
        clipRange: args.clip,
        valueClip: args.vclip,
        valueWeight: args.vf,
        entropyWeight: args.ent,
      });
    }, [logits, values]);
    return { value, grads: [grads.get(logits)!, grads.get(values)!] };
  });
  expectClose(value.policyLoss, discrete.policy_loss!);
  expectClose(value.valueLoss, discrete.value_loss!);
  expectClose(value.entropy, discrete.entropy!);
  expectClose(value.loss, discrete.loss!);
  expectClose(grads[0]!, discrete.grad_logits!);
  expectClose(grads[1]!, discrete.grad_values!);
  const kl = Array.from(value.logRatio.data, (x) => Math.exp(x) - 1 - x);
  expectClose(kl.reduce((a, b) => a + b) / kl.length, discrete.approx_kl!);
});

test("PPO's loss and gradients for floats are PyTorch's", async () => {
  const { args, gaussian } = ppo;
  const { value, grads } = await device.compute(() => {
    const mean = of(gaussian.mean!);
    const logStd = of(gaussian.log_std!);
    const zeros = of(flat(gaussian.advantages!).map(() => 0));
    const { value, grads } = valueAndGrad(() => {
      const distribution = new DiagonalGaussian(mean, logStd);
      const logProbs = distribution.logProb(of(gaussian.actions!));
      const parts = ppoLoss({
        logProbs,
        entropy: distribution.entropy(),
        oldLogProbs: of(gaussian.old_log_probs!),
        advantages: of(gaussian.advantages!),
        values: zeros,
        returns: zeros,
        clipRange: args.clip,
        valueWeight: 0,
        entropyWeight: args.ent,
      });
      return { loss: parts.loss, logProbs: stopGradient(logProbs) };
    }, [mean, logStd]);
    return { value, grads: [grads.get(mean)!, grads.get(logStd)!] };
  });
  expectClose(value.logProbs, gaussian.log_probs!);
  expectClose(value.loss, gaussian.loss!);
  expectClose(grads[0]!, gaussian.grad_mean!);
  expectClose(grads[1]!, gaussian.grad_log_std!);
});

test("the squashed Gaussian's actions, densities and gradients are PyTorch's, saturated or not", async () => {
  const sac = readFixture<Record<string, Nested>>("sac");
  const { sampled, grads } = await device.compute(() => {
    const mean = of(sac.mean!);
    const logStd = of(sac.log_std!);
    const { value, grads } = valueAndGrad(() => {
      const { actions, logProbs } = new SquashedGaussian(mean, logStd).sample(of(sac.noise!));
      return { loss: logProbs.sum(), actions: stopGradient(actions), logProbs: stopGradient(logProbs) };
    }, [mean, logStd]);
    return { sampled: value, grads: [grads.get(mean)!, grads.get(logStd)!] };
  });
  expectClose(sampled.actions, sac.actions!);
  expectClose(sampled.logProbs, sac.log_probs!);
  expectClose(grads[0]!, sac.grad_mean!);
  expectClose(grads[1]!, sac.grad_log_std!);
});

test("C51's projection is the reference's", () => {
  const { args, ...dqn } = readFixture<Record<string, Nested> & { args: { atoms: number; vmin: number; vmax: number; gamma: number } }>(
    "dqn",
  );
  const projected = projectAtoms({
    probabilities: flat(dqn.c51_probs!),
    rewards: flat(dqn.rewards!),
    discounts: flat(dqn.done!).map((done) => args.gamma * (1 - done)),
    low: args.vmin,
    high: args.vmax,
    atoms: args.atoms,
  });
  // The projection is handed to a float32 device.
  expectClose({ data: projected }, dqn.c51_projected!, 1e-7);
});

test("several choices are as likely as their product, and entropies add up", async () => {
  const [joint, apart, entropy, parts, same] = await device.compute(() => {
    const logits = of([[0.1, 0.9, -0.5, 2, 1]]);
    const multi = new MultiCategorical(logits, [2, 3]);
    const [a, b] = [new Categorical(logits.slice([0, 0], [1, 2])), new Categorical(logits.slice([0, 2], [1, 3]))];
    return [
      multi.logProb(tensor(hostTensor(Int32Array.of(1, 2), [1, 2]))),
      a.logProb(tensor(Int32Array.of(1))).add(b.logProb(tensor(Int32Array.of(2)))),
      multi.entropy(),
      a.entropy().add(b.entropy()),
      multi.divergence(multi),
    ] as const;
  });
  expectClose(joint, [...apart.data]);
  expectClose(entropy, [...parts.data]);
  expectClose(same, [0]);
});

test("KL between normals is the textbook's", async () => {
  const kl = await device.compute(() =>
    new DiagonalGaussian(of([[1, 0]]), of([0, Math.log(2)])).divergence(new DiagonalGaussian(of([[0, 0]]), of([0, 0]))),
  );
  // ½·1² for the mean, and ½(4 − 1) − log 2 for the deviation.
  expectClose(kl, [0.5 + 1.5 - Math.log(2)]);
});

test("the quantile loss is least where predictions are the goals' quantiles", async () => {
  const loss = (predictions: number[]): Promise<{ data: ArrayLike<number> }> =>
    device.compute(() => quantileLoss(of([predictions]), of([[0, 10, 20, 30]])));
  const at = async (predictions: number[]): Promise<number> => (await loss(predictions)).data[0]!;
  // Two quantiles, 25 % and 75 %, of four goals.
  const pair = (predictions: number[]): Promise<number> => device.compute(() => quantileLoss(of([predictions]), of([[0, 30]])).sum());
  expect(await pair([0, 30])).toBeLessThan(await pair([15, 15]));
  expect(await at([0, 10, 20, 30])).toBeLessThan(await at([15, 15, 15, 15]));
  expect(await at([0, 10, 20, 30])).toBeLessThan(await at([30, 20, 10, 0]));
});
