/** One step of the game on one batch: the discriminator moves, then, where it is its turn, the generator against it. */

import { Cell, concat, hostTensor, type Scalar, ShapeError, stack, stopGradient, type Tensor, valueAndGrad, vjp } from "@dl/core";
import { type CommonOptions, clipByGlobalNorm, globalNorm, type Mode, type Optimizer, type Parameter } from "@dl/nn";
import type { Metrics } from "@dl/train";
import { type AdversarialLoss, rightShares } from "../losses/adversarial-loss.ts";
import { clipWeights } from "../losses/clip-weights.ts";
import { comparable, diversityOf } from "./diversity.ts";

/** What a discriminator says of examples: scores, or scores and more, such as the logits of an auxiliary classifier. */
export type Judgement = Tensor | ({ readonly scores: Tensor } & Readonly<Record<string, Tensor>>);

/** What a penalty is computed from. */
export interface PenaltyContext {
  /** The discriminator, as a function of examples alone. */
  readonly critic: (examples: Tensor) => Tensor;
  readonly real: Tensor;
  /** No gradient flows to the generator. */
  readonly fake: Tensor;
  readonly mode: Mode & { readonly training: true };
  /** Steps done before this one: a penalty may come every 16th only, and 16 times as strong. */
  readonly step: number;
}

/** The players and the rules, for one batch. */
export interface AdversarialStepOptions {
  /** `[B, …]` */
  real: Tensor;
  /** Makes as many examples; its gradient by the generator's parameters is taken. */
  generate: () => Tensor;
  discriminate: (examples: Tensor) => Judgement;
  optimizers: { readonly generator: Optimizer<CommonOptions>; readonly discriminator: Optimizer<CommonOptions> };
  loss: AdversarialLoss;
  /** Added to the discriminator's loss. */
  penalty?: ((context: PenaltyContext) => Scalar | undefined) | undefined;
  /** Added to the discriminator's loss on real examples alone and to the generator's on its own, such as an auxiliary classifier's. */
  auxiliary?: ((judgement: Readonly<Record<string, Tensor>>) => Scalar) | undefined;
  /** Added to the generator's loss: how far what it made is from what was wanted. */
  reconstruction?: ((made: Tensor) => Scalar) | undefined;
  /** Longest global norm of each player's gradients. */
  clipNorm?: number | undefined;
  /** Holds the critic's weights in [−limit, limit] after its step. */
  clipWeight?: number | undefined;
  /** Whether the generator moves, too. */
  movesGenerator: boolean;
  mode: Mode & { readonly training: true };
  step: number;
}

/** What is told of every step; the generator's norm comes after. */
const names = [
  "discriminatorLoss",
  "penalty",
  "realScore",
  "fakeScore",
  "realAccuracy",
  "fakeAccuracy",
  "discriminatorGradient",
  "diversity",
  "nearest",
  "generatorLoss",
] as const;

/** Carries numbers out of a gradient's computation, whose own tensors are freed before anybody could read them. */
export class Readings implements Disposable {
  readonly cell: Cell = new Cell(hostTensor(new Float32Array(names.length), [names.length]));

  [Symbol.dispose](): void {
    this.cell[Symbol.dispose]();
  }
}

/** What `adversarialStep` gave, by name. Ratios to nothing are left out: of losses, or of distances to real examples that all have copies in their batch. */
export function metricsOf(values: ArrayLike<number>): Metrics {
  const metrics: Record<string, number> = { ...comparable(Object.fromEntries(names.map((name, i) => [name, values[i]!]))) };
  if (values.length === names.length) {
    delete metrics.generatorLoss;
    return metrics;
  }
  const ratio = metrics.discriminatorLoss! / metrics.generatorLoss!;
  // A generator's loss may be 0, or, with a critic, of either sign: there is no ratio then.
  const ratios = Number.isFinite(ratio) ? { lossRatio: ratio } : {};
  return { ...metrics, generatorGradient: values[names.length]!, ...ratios };
}

/**
 * The discriminator's step, then the generator's, through one forward pass of the generator: what the discriminator has just
 * learned from is what the generator is told about. Inside `compute`.
 *
 * @returns What `metricsOf` names, `[10]`, or `[11]` when the generator moved.
 * @throws ShapeError when the generator makes examples of another shape than the real ones.
 */
export function adversarialStep(options: AdversarialStepOptions, { cell }: Readings): Tensor {
  const { optimizers, generate, movesGenerator, clipNorm } = options;
  if (!movesGenerator) {
    const readings = discriminatorStep(stopGradient(generate()), options);
    return stack([...readings, readings[0]!.mul(0)]);
  }
  const { grads } = vjp(generate, parametersOf(optimizers.generator), {
    cotangent: (output) => {
      const fake = stopGradient(output);
      const readings = discriminatorStep(fake, options);
      const { value, grads } = valueAndGrad(() => generatorLoss(fake, options), [fake]);
      cell.set(stack([...readings, value]));
      return grads.get(fake)!;
    },
  });
  const norm = globalNorm(grads);
  optimizers.generator.update(clipNorm === undefined ? grads : clipByGlobalNorm(grads, clipNorm, { norm }));
  return concat([cell.value, norm.reshape([1])], { axis: 0 });
}

function generatorLoss(fake: Tensor, { discriminate, real, loss, auxiliary, reconstruction }: AdversarialStepOptions): Scalar {
  const judged = judgementOf(discriminate(fake));
  const realScores = loss.comparesScores ? judgementOf(discriminate(real)).scores : undefined;
  const adversarial = loss.generator(judged.scores, realScores);
  let total: Tensor = adversarial;
  if (auxiliary) total = total.add(auxiliary(judged));
  if (reconstruction) total = total.add(reconstruction(fake));
  return total as Scalar;
}

/** Moves the discriminator; its readings in the order of `names`, without the generator's loss. */
function discriminatorStep(
  fake: Tensor,
  { real, discriminate, optimizers, loss, penalty, auxiliary, clipNorm, clipWeight, mode, step }: AdversarialStepOptions,
): readonly Tensor[] {
  if (real.shape.join() !== fake.shape.join()) {
    throw new ShapeError(
      `fitGan: expected a generator of examples [${real.shape.join(", ")}], as the real ones are, got [${fake.shape.join(", ")}]. Resize the data, or make the generator for its size and channels.`,
    );
  }
  const critic = (examples: Tensor): Tensor => judgementOf(discriminate(examples)).scores;
  const { value, grads } = valueAndGrad(() => {
    const judgedReal = judgementOf(discriminate(real));
    const realScores = judgedReal.scores;
    const fakeScores = critic(fake);
    const adversarial = loss.discriminator(realScores, fakeScores);
    const extra = penalty?.({ critic, real, fake, mode, step });
    let total: Tensor = adversarial;
    if (extra) total = total.add(extra);
    if (auxiliary) total = total.add(auxiliary(judgedReal));
    const right = rightShares(loss, { real: realScores, fake: fakeScores });
    const [realMean, fakeMean] = [realScores.mean(), fakeScores.mean()];
    const told = { adversarial, extra: extra ?? adversarial.mul(0), realMean, fakeMean, rightReal: right.real, rightFake: right.fake };
    return { loss: total as Scalar, ...told };
  }, parametersOf(optimizers.discriminator));
  const norm = globalNorm(grads);
  optimizers.discriminator.update(clipNorm === undefined ? grads : clipByGlobalNorm(grads, clipNorm, { norm }));
  if (clipWeight !== undefined) clipWeights(parametersOf(optimizers.discriminator), clipWeight);
  const { diversity, nearest } = diversityOf(fake, { real });
  const { adversarial, extra, realMean, fakeMean, rightReal, rightFake } = value;
  return [adversarial, extra, realMean, fakeMean, rightReal, rightFake, norm, diversity, nearest];
}

function judgementOf(judgement: Judgement): { readonly scores: Tensor } & Readonly<Record<string, Tensor>> {
  return "scores" in judgement ? judgement : { scores: judgement };
}

export function parametersOf(optimizer: Optimizer<CommonOptions>): Parameter[] {
  return optimizer.groups.flatMap(({ parameters }) => parameters);
}
