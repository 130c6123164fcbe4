/** Images into images without pairs: two generators and two discriminators in the loop of @dl/train. Zhu et al. 2017, arXiv:1703.10593, sections 3 and 4. */

import { DataError, type Device, minimum, OptionError, type Rng, type Scalar, type Tensor, upload, valueAndGrad } from "@dl/core";
import type { Dataset, Example, Transform } from "@dl/data";
import { type CommonOptions, clipByGlobalNorm, globalNorm, type Mode, Module, type Optimizer, training } from "@dl/nn";
import { type Callback, EpochLoop, type FitResult, type FitSave, type Metrics } from "@dl/train";
import { type AdversarialLoss, leastSquares, rightShares } from "../losses/adversarial-loss.ts";
import { type CycleLossOptions, cycleLoss } from "../models/cyclegan.ts";
import { parametersOf } from "./adversarial-step.ts";
import { comparable, diversityOf } from "./diversity.ts";
import { ExampleCheck } from "./example-check.ts";
import { ImagePool } from "./image-pool.ts";
import { nanReason } from "./nan-reason.ts";

/** Images `[B, H, W, C]` to images of the other side, or to scores. */
export type ImageModule = Module & { forward(images: Tensor, mode: Mode): Tensor };

/** From side to side, and what tells real images of a side from made ones. */
export interface CyclePlayersOptions {
  toA: ImageModule;
  toB: ImageModule;
  judgeA: ImageModule;
  judgeB: ImageModule;
}

/** The four networks as one module: what checkpoints save. Disposing of it frees them: leave that to their owner. */
export class CyclePlayers extends Module {
  readonly toA: ImageModule;
  readonly toB: ImageModule;
  readonly judgeA: ImageModule;
  readonly judgeB: ImageModule;

  constructor({ toA, toB, judgeA, judgeB }: CyclePlayersOptions) {
    super();
    this.toA = toA;
    this.toB = toB;
    this.judgeA = judgeA;
    this.judgeB = judgeB;
  }

  /** From a to b. */
  forward(images: Tensor, mode: Mode): Tensor {
    return this.toB.forward(images, mode);
  }
}

type Sides = Example<"a" | "b">;

const halved = leastSquares();
/** What the weights of `cycleLoss` are weighed against: without the halves of Mao et al. */
const wholeSquares: AdversarialLoss = {
  ...halved,
  discriminator: (real, fake) => halved.discriminator(real, fake).mul(2),
  generator: (fake) => halved.generator(fake).mul(2),
};

export interface FitCycleGanOptions extends CycleLossOptions {
  device: Device;
  players: CyclePlayers;
  /** One for both generators, one for both discriminators. */
  optimizers: { readonly generators: Optimizer<CommonOptions>; readonly discriminators: Optimizer<CommonOptions> };
  /** Images of both sides in [−1, 1], such as `unpaired` gives them. */
  dataset: Dataset<Sides>;
  /** Examples of each side in a batch; those left over at the end of a pass wait for the next. The paper's is 1. */
  batchSize: number;
  /** Passes over the dataset in all, those before `resume` included. */
  epochs: number;
  /** Orders the examples, and feeds the pools and dropout. */
  rng: Rng;
  /** Default the paper's squares, section 7.1: whole, where those of `leastSquares()` are halved and `cycle` would weigh twice as much against them. */
  loss?: AdversarialLoss;
  /** Made images that each discriminator is shown again. Default 50. */
  poolSize?: number;
  /** Longest global norm of each optimizer's gradients. Default no limit. */
  clipNorm?: number;
  /** Normalisation and augmentation, on the host. */
  transform?: Transform<Sides> | readonly Transform<Sides>[];
  /** Called after each epoch; what it gives is logged under `validation/…`. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /** From `resumeFrom` of @dl/train/node, given the players and the generators' optimizer. The run goes on with the same bits, its pools included. */
  resume?: FitSave;
}

/**
 * Trains two generators, each the other's way back, against two discriminators.
 *
 * Each step tells `generatorLoss` (what the discriminators say), `cycleLoss` (the way there and back, and the identity's), `discriminatorLoss`,
 * the means over both sides of `realScore`, `fakeScore`, `realAccuracy` and `fakeAccuracy`, the length of both gradients, and, of batches of two and
 * more, `diversity` and `nearest` of the side where they are less. A loss that is no number ends the run.
 *
 * @throws OptionError for bad options, ShapeError for images that a network cannot take, DataError for examples that are not numbers or all alike,
 * CheckpointError for a `resume` of another run.
 * @example
 * const players = new CyclePlayers({ toA, toB, judgeA, judgeB });
 * await fitCycleGan({
 *   device, players, dataset: unpaired(horses, zebras, { rng: rng.fork("order") }), batchSize: 1, epochs: 100, rng: rng.fork("fit"),
 *   optimizers: {
 *     generators: new Adam([...toA.parameters(), ...toB.parameters()], { learningRate: 2e-4, beta1: 0.5 }),
 *     discriminators: new Adam([...judgeA.parameters(), ...judgeB.parameters()], { learningRate: 2e-4, beta1: 0.5 }),
 *   },
 * });
 */
export async function fitCycleGan(options: FitCycleGanOptions): Promise<FitResult> {
  return await new FitCycleGanRun(options).toEnd();
}

class FitCycleGanRun extends EpochLoop<Sides, CyclePlayers> {
  readonly #options: FitCycleGanOptions;
  readonly #pools: { readonly a: ImagePool; readonly b: ImagePool };
  readonly #examples: { readonly a: ExampleCheck; readonly b: ExampleCheck };

  constructor(options: FitCycleGanOptions) {
    const { players, optimizers, batchSize, transform, poolSize, callbacks = [], resume } = options;
    const sides = {
      generators: [players.toA, players.toB],
      discriminators: [players.judgeA, players.judgeB],
    } as const;
    for (const side of ["generators", "discriminators"] as const) {
      const own = new Set<unknown>(sides[side].flatMap((player) => player.parameters()));
      if (!parametersOf(optimizers[side]).every((parameter) => own.has(parameter))) {
        throw new OptionError(`fitCycleGan: expected optimizers.${side} to hold parameters of the ${side} only, got others.`);
      }
    }
    const pools = { a: new ImagePool(poolSize, { name: "imagePoolA" }), b: new ImagePool(poolSize, { name: "imagePoolB" }) };
    super({
      ...options,
      ...{ name: "fitCycleGan", model: players, optimizer: optimizers.generators },
      otherOptimizers: { discriminators: optimizers.discriminators },
      reading: { batchSize, dropLast: true, transform },
      callbacks: [pools.a, pools.b, ...callbacks],
    });
    this.#options = options;
    this.#pools = pools;
    const examples = this.stepsPerEpoch * batchSize;
    const checkOf = (field: string) => new ExampleCheck({ where: "fitCycleGan", field, examples });
    this.#examples = { a: checkOf("a"), b: checkOf("b") };
    if (resume) this.resumeFrom(resume);
  }

  protected async trainOn(batch: Sides): Promise<Metrics> {
    const { step } = this;
    const rng = this.#options.rng.fork(`step ${step}`);
    const mode = training(rng.fork("mode"));
    for (const side of ["a", "b"] as const) {
      if (batch[side] === undefined) {
        throw new DataError(
          `fitCycleGan: expected a field ${JSON.stringify(side)} in the dataset, got ${Object.keys(batch).join(", ")}. unpaired(one, other, { rng }) makes both.`,
        );
      }
      this.#examples[side].check(batch[side]);
    }
    const { fakeA, fakeB, ...made } = await this.#moveGenerators(batch, mode);
    const past = {
      a: this.#pools.a.exchange(fakeA, { rng: rng.fork("pool a") }),
      b: this.#pools.b.exchange(fakeB, { rng: rng.fork("pool b") }),
    };
    const metrics = comparable({ ...made, ...(await this.#moveDiscriminators(batch, past, mode)) });
    const broken = nanReason(metrics, step + 1);
    if (broken !== undefined) this.stop(broken);
    return metrics;
  }

  #moveGenerators(batch: Sides, mode: Mode) {
    const { device, players, optimizers, loss = wholeSquares, cycle, identity, clipNorm } = this.#options;
    const { toA, toB, judgeA, judgeB } = players;
    return device.compute(() => {
      const { a, b } = upload(batch);
      const { value, grads } = valueAndGrad(() => {
        const weights = { ...(cycle !== undefined && { cycle }), ...(identity !== undefined && { identity }) };
        const there = cycleLoss({ toA: (x) => toA.forward(x, mode), toB: (x) => toB.forward(x, mode) }, { a, b }, weights);
        const against = (judge: ImageModule, fake: Tensor, real: Tensor): Scalar =>
          loss.generator(judge.forward(fake, mode), loss.comparesScores ? judge.forward(real, mode) : undefined);
        const generatorLoss = against(judgeA, there.fakeA, a).add(against(judgeB, there.fakeB, b));
        const { loss: cycleTotal, fakeA, fakeB } = there;
        return { loss: generatorLoss.add(cycleTotal), generatorLoss, cycleLoss: cycleTotal, fakeA, fakeB };
      }, parametersOf(optimizers.generators));
      const generatorGradient = globalNorm(grads);
      optimizers.generators.update(clipNorm === undefined ? grads : clipByGlobalNorm(grads, clipNorm, { norm: generatorGradient }));
      const { generatorLoss, cycleLoss: there, fakeA, fakeB } = value;
      const told = { generatorLoss, cycleLoss: there, generatorGradient, fakeA, fakeB };
      if (a.shape[0]! < 2) return told;
      const less = (one: Scalar, other: Scalar) => minimum(one, other) as Scalar;
      const [ofA, ofB] = [diversityOf(fakeA, { real: a }), diversityOf(fakeB, { real: b })];
      return { ...told, diversity: less(ofA.diversity, ofB.diversity), nearest: less(ofA.nearest, ofB.nearest) };
    });
  }

  #moveDiscriminators(batch: Sides, past: Sides, mode: Mode) {
    const { device, players, optimizers, loss = wholeSquares, clipNorm } = this.#options;
    return device.compute(() => {
      const [real, fake] = [upload(batch), upload(past)];
      const { value, grads } = valueAndGrad(() => {
        const scores = (images: typeof real) => [players.judgeA.forward(images.a, mode), players.judgeB.forward(images.b, mode)] as const;
        const [[realA, realB], [fakeA, fakeB]] = [scores(real), scores(fake)];
        // Halved, so that the discriminators learn no faster than the generators: section 7.1.
        const total = loss.discriminator(realA, fakeA).add(loss.discriminator(realB, fakeB)).mul(0.5);
        const [ofA, ofB] = [rightShares(loss, { real: realA, fake: fakeA }), rightShares(loss, { real: realB, fake: fakeB })];
        const middle = (one: Scalar, other: Scalar) => one.add(other).div(2);
        return {
          loss: total,
          realScore: middle(realA.mean(), realB.mean()),
          fakeScore: middle(fakeA.mean(), fakeB.mean()),
          realAccuracy: middle(ofA.real, ofB.real),
          fakeAccuracy: middle(ofA.fake, ofB.fake),
        };
      }, parametersOf(optimizers.discriminators));
      const discriminatorGradient = globalNorm(grads);
      optimizers.discriminators.update(clipNorm === undefined ? grads : clipByGlobalNorm(grads, clipNorm, { norm: discriminatorGradient }));
      const { loss: discriminatorLoss, ...told } = value;
      return { discriminatorLoss, ...told, discriminatorGradient };
    });
  }
}
