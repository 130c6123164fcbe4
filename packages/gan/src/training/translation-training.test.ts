import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Device, type HostTensor, hostTensor, Rng, type Tensor, tensor } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { Adam, inference, readCheckpoint, readState, writeCheckpoint } from "@dl/nn";
import { type Callback, type FitSave, fromJson, type Run, toJson } from "@dl/train";
import { describe, expect, test } from "vitest";
import { CycleGenerator } from "../models/cyclegan.ts";
import { PatchDiscriminator, UnetGenerator } from "../models/pix2pix.ts";
import { onDevice } from "../reference-fixture.ts";
import { CyclePlayers, type FitCycleGanOptions, fitCycleGan } from "./fit-cyclegan.ts";
import { type FitPix2pixOptions, fitPix2pix } from "./fit-pix2pix.ts";
import { GanAlarm, type GanWarning } from "./gan-alarm.ts";
import { distanceOf, outlines } from "./outlines-fixture.ts";
import { unpaired } from "./unpaired.ts";

const side = 16;

describe("pix2pix", () => {
  test("outlines are filled, discs and squares that were not among the pairs: three quarters of the error of leaving them empty is gone", async () => {
    await onDevice(wasm({ threads: 1 }), async (device) => {
      const rng = new Rng(1);
      using generator = new UnetGenerator({ inputs: 1, outputs: 1, widths: [8, 16, 16], dropout: 0, rng: rng.fork("generator") });
      using discriminator = new PatchDiscriminator({ channels: 2, widths: [8], rng: rng.fork("discriminator") });
      using generatorOptimizer = new Adam(generator.parameters(), { learningRate: 4e-3, beta1: 0.5 });
      using discriminatorOptimizer = new Adam(discriminator.parameters(), { learningRate: 1e-3, beta1: 0.5 });
      const others = outlines(64, { side, rng: rng.fork("test") });
      const distance = async (): Promise<number> =>
        distanceOf(await device.compute(() => generator.forward(tensor(others.inputs), inference)), others.targets);
      const { reason, history } = await fitPix2pix({
        ...{ device, generator, discriminator, batchSize: 16, epochs: 12, rng: rng.fork("fit") },
        dataset: arrayDataset(outlines(128, { side, rng: rng.fork("pairs") })),
        optimizers: { generator: generatorOptimizer, discriminator: discriminatorOptimizer },
        validate: async () => ({ distance: await distance() }),
      });
      expect(reason).toBe("finished");
      // 12 epochs lead to a fifth of it.
      expect(await distance()).toBeLessThan(0.25 * distanceOf(others.inputs, others.targets));
      expect(history[0]!.metrics["validation/distance"]).toBeGreaterThan(0.5);
    });
  });

  test("the discriminator judges pairs, and without the distance its word alone is heard", async () => {
    await onDevice(cpu(), async (device) => {
      const rng = new Rng(1);
      using generator = new UnetGenerator({ inputs: 1, outputs: 1, widths: [2, 2], rng: rng.fork("generator") });
      using discriminator = new PatchDiscriminator({ channels: 2, widths: [2], rng: rng.fork("discriminator") });
      using generatorOptimizer = new Adam(generator.parameters(), { learningRate: 1e-4 });
      using discriminatorOptimizer = new Adam(discriminator.parameters(), { learningRate: 1e-4 });
      const told: number[] = [];
      const run = (more: Partial<FitPix2pixOptions<{ inputs: HostTensor; targets: HostTensor }>>) =>
        fitPix2pix({
          ...{ device, generator, discriminator, batchSize: 2, epochs: 1, rng: rng.fork("fit") },
          dataset: arrayDataset(outlines(4, { side: 8, rng: rng.fork("pairs") })),
          optimizers: { generator: generatorOptimizer, discriminator: discriminatorOptimizer },
          callbacks: [{ name: "watch", onStep: (_, { metrics }) => void told.push(metrics.generatorLoss!) }],
          ...more,
        });
      const widths = new Set<number>();
      const augment = (pair: Tensor) => {
        widths.add(pair.shape[3]!);
        return pair;
      };
      await run({ reconstructionWeight: 0, augment });
      // What moves the one image moves the other.
      expect([...widths]).toEqual([2]);
      // −ln σ of scores near 0.
      expect(told[0]).toBeLessThan(2);
      await run({});
      expect(told.at(-1)).toBeGreaterThan(50);
      await expect(run({ from: "images" as "inputs" })).rejects.toThrow(
        'fitPix2pix: expected a field "images" in the dataset, got inputs, targets. Name it with `from` or `to`.',
      );
    });
  });
});

/** The same shapes in another channel. */
function painted({ data, shape }: HostTensor, channel: number): HostTensor {
  const colours = new Float32Array(3 * data.length).fill(-1);
  data.forEach((value, i) => {
    colours[3 * i + channel] = value;
  });
  return hostTensor(colours, [...shape.slice(0, 3), 3]);
}

/** Two generators and two discriminators with their optimizers; freed together. */
class Four implements Disposable {
  readonly players: CyclePlayers;
  readonly optimizers: FitCycleGanOptions["optimizers"];

  constructor(rng: Rng, { channels, width }: { channels: number; width: number }) {
    const generator = (name: string) => new CycleGenerator({ channels, width, blocks: 1, rng: rng.fork(name) });
    const discriminator = (name: string) =>
      new PatchDiscriminator({ channels, widths: [2 * width], norm: "instance", rng: rng.fork(name) });
    const [toA, toB, judgeA, judgeB] = [generator("toA"), generator("toB"), discriminator("judgeA"), discriminator("judgeB")] as const;
    this.players = new CyclePlayers({ toA, toB, judgeA, judgeB });
    this.optimizers = {
      generators: new Adam([...toA.parameters(), ...toB.parameters()], { learningRate: 2e-3, beta1: 0.5 }),
      discriminators: new Adam([...judgeA.parameters(), ...judgeB.parameters()], { learningRate: 1e-3, beta1: 0.5 }),
    };
  }

  [Symbol.dispose](): void {
    for (const owner of [this.players, this.optimizers.generators, this.optimizers.discriminators]) owner[Symbol.dispose]();
  }
}

describe("CycleGAN", () => {
  test("red shapes become green where they are, without a pair having been seen", async () => {
    await onDevice(wasm({ threads: 1 }), async (device) => {
      const rng = new Rng(1);
      using four = new Four(rng, { channels: 3, width: 4 });
      const shapes = (name: string, count = 128) => outlines(count, { side, rng: rng.fork(name) }).targets;
      const test = shapes("test", 64);
      const [red, green] = [painted(test, 0), painted(test, 1)];
      const images = (name: string, channel: number) => arrayDataset({ images: painted(shapes(name), channel) });
      const warnings: GanWarning[] = [];
      const { reason, history } = await fitCycleGan({
        ...{ device, ...four, batchSize: 8, epochs: 8, cycle: 1, identity: 0, rng: rng.fork("fit") },
        callbacks: [new GanAlarm({ window: 8, leastDiversity: 0.01, onWarning: (warning) => warnings.push(warning) })],
        dataset: unpaired(images("a", 0), images("b", 1), { rng: rng.fork("order") }),
      });
      expect(reason).toBe("finished");
      expect(warnings).toEqual([]);
      for (const name of ["realScore", "fakeScore", "diversity", "nearest"]) expect(history[0]!.metrics[name], name).toBeTypeOf("number");
      expect(history.at(-1)!.metrics.cycleLoss).toBeLessThan(0.5 * history[0]!.metrics.cycleLoss!);
      const made = await device.compute(() => four.players.forward(tensor(red), inference));
      expect(distanceOf(made, green)).toBeLessThan(0.5 * distanceOf(red, green));
      const back = await device.compute(() => four.players.toA.forward(tensor(made), inference));
      expect(distanceOf(back, red)).toBeLessThan(0.5 * distanceOf(red, green));
    });
  }, 120_000);

  test("the losses are the paper's: whole squares for the generators, half their sum for the discriminators", async () => {
    await onDevice(cpu(), async (device) => {
      using four = new Four(new Rng(1), { channels: 1, width: 2 });
      const { judgeA, judgeB } = four.players;
      // Discriminators that say 0 to everything: a square of 1 for each side that is taken for unreal.
      for (const parameter of [...judgeA.parameters(), ...judgeB.parameters()])
        parameter.load(hostTensor(new Float32Array(parameter.size), parameter.shape));
      const images = arrayDataset({ images: outlines(4, { side: 8, rng: new Rng(2) }).targets });
      let told: Readonly<Record<string, number>> = {};
      const first: Callback = {
        name: "first",
        onStep(run, { metrics }) {
          told = metrics;
          run.stop("seen");
        },
      };
      const dataset = unpaired(images, images, { rng: new Rng(3) });
      await fitCycleGan({ device, ...four, dataset, batchSize: 2, epochs: 1, rng: new Rng(4), callbacks: [first] });
      expect(told.generatorLoss).toBeCloseTo(2, 6);
      expect(told.discriminatorLoss).toBeCloseTo(1, 6);
    });
  });

  test("a run stopped in the middle and resumed ends with the same bits, its pools included", async () => {
    await onDevice(cpu(), async (device) => {
      const play = async (device: Device, four: Four, more: Partial<FitCycleGanOptions> = {}) => {
        const images = (name: string) => arrayDataset({ images: outlines(6, { side: 8, rng: new Rng(2).fork(name) }).targets });
        const dataset = unpaired(images("a"), images("b"), { rng: new Rng(3) });
        const result = await fitCycleGan({ device, ...four, dataset, batchSize: 2, epochs: 3, poolSize: 3, rng: new Rng(4), ...more });
        return { ...result, weights: await readState(four.players) };
      };
      const make = () => new Four(new Rng(1), { channels: 1, width: 2 });
      using whole = make();
      const straight = await play(device, whole);

      let bytes: Uint8Array | undefined;
      const stopper: Callback = {
        name: "stopper",
        async onPause(run: Run) {
          if (run.step !== 5 || bytes) return;
          const { state, tensors } = await run.save();
          const live = { models: { model: run.model }, optimizers: { optimizer: { optimizer: run.optimizer, model: run.model } } };
          bytes = await writeCheckpoint(live, { step: run.step, extra: { fit: toJson(state) }, tensors });
          run.stop("enough");
        },
      };
      using first = make();
      expect((await play(device, first, { callbacks: [stopper] })).steps).toBe(5);
      using second = make();
      const model = second.players;
      const { extra, tensors } = readCheckpoint(bytes!, {
        models: { model },
        optimizers: { optimizer: { optimizer: second.optimizers.generators, model } },
      });
      const resume: FitSave = { state: fromJson(extra.fit!) as FitSave["state"], tensors };
      const rest = await play(device, second, { resume });
      expect(rest.weights).toEqual(straight.weights);
      expect(rest.history.map(({ metrics }) => metrics)).toEqual(straight.history.map(({ metrics }) => metrics));
    });
  });

  test("bad options and data are named", async () => {
    await onDevice(cpu(), async (device) => {
      using four = new Four(new Rng(1), { channels: 1, width: 2 });
      const images = arrayDataset({ images: outlines(4, { side: 8, rng: new Rng(2) }).targets });
      const rng = new Rng(3);
      const run = (more: Partial<FitCycleGanOptions>) =>
        fitCycleGan({ device, ...four, dataset: unpaired(images, images, { rng }), batchSize: 2, epochs: 1, rng, ...more });
      const { generators, discriminators } = four.optimizers;
      await expect(run({ optimizers: { generators: discriminators, discriminators } })).rejects.toThrow(
        "fitCycleGan: expected optimizers.generators to hold parameters of the generators only",
      );
      await expect(run({ optimizers: { generators, discriminators: generators } })).rejects.toThrow("expected optimizers.discriminators");
      const broken = arrayDataset({ images: hostTensor(new Float32Array(256).fill(Number.NaN), [4, 8, 8, 1]) });
      await expect(run({ dataset: unpaired(images, broken, { rng }) })).rejects.toThrow(
        "fitCycleGan: expected b that are numbers, got NaN",
      );
      await expect(run({ dataset: images as never })).rejects.toThrow(
        'fitCycleGan: expected a field "a" in the dataset, got images. unpaired(one, other, { rng }) makes both.',
      );
      expect(() => unpaired(images, arrayDataset({ labels: hostTensor(new Int32Array(4), [4]) }), { rng })).toThrow(
        'unpaired: expected a field "images" in b, got labels.',
      );
      const longer = unpaired(images, arrayDataset({ images: outlines(7, { side: 8, rng: new Rng(5) }).targets }), { rng });
      expect(longer.length).toBe(7);
      expect(longer.get(4).a).toEqual(longer.get(0).a);
      expect(longer.get(4).b).not.toEqual(longer.get(0).b);
    });
  });
});
