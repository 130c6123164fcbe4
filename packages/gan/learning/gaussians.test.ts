/** Mode collapse on mixtures of Gaussians: seen by the alarm, and cured by what it says to try. */

import { wasm } from "@dl/backend-wasm";
import { openDevice, Rng } from "@dl/core";
import { Adam } from "@dl/nn";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { afterAll, describe, expect, test } from "vitest";
import { nonSaturating } from "../src/losses/adversarial-loss.ts";
import { r1Penalty } from "../src/losses/gradient-penalty.ts";
import { type FitGanOptions, fitGan } from "../src/training/fit-gan.ts";
import { GanAlarm, type GanWarning } from "../src/training/gan-alarm.ts";
import { type Census, census, grid25, type Mixture, PointNetwork, pointsOf, ring8 } from "../src/training/gaussians-fixture.ts";
import { drawLatents } from "../src/training/latents.ts";
import { generateExamples } from "../src/training/sample-images.ts";

type Points = { points: ReturnType<typeof drawLatents> };

interface Game {
  /** For its row among the results. */
  readonly name: string;
  readonly mixture: Mixture;
  readonly steps: number;
  readonly rates: { readonly generator: number; readonly discriminator: number };
  readonly rules?: Partial<FitGanOptions<Points>>;
  readonly seed?: number;
}

/** A row a game, in the order of the tests. */
const rows: string[] = [];

afterAll(async () => {
  const header = ["| game | modes after each tenth | in the last four tenths | first word of the alarm |", "| --- | --- | --- | --- |"];
  const body = [
    "## Mode collapse, seen and cured",
    "",
    ...header,
    ...rows,
    "",
    `Eight Gaussians on a ring and twenty-five on a grid, seed 1, a GAN of three layers; a mode counts when a sample lies within four standard deviations. "Hasty": the generator's rate is ten times the discriminator's. Written by \`pnpm test:learning gan\`, Node ${process.version}, wasm on one thread.`,
  ];
  if (rows.length === 5) await writeSection(resultsFile, { name: "learning/gan-gaussians", body: body.join("\n") });
});

/** Trains on a mixture, counts the modes after every tenth of the run, and tells what the alarm said. */
async function play({ name, mixture, steps, rates, rules = {}, seed = 1 }: Game) {
  await using device = await openDevice(wasm({ threads: 1 }));
  const rng = new Rng(seed);
  using generator = new PointNetwork({ inputs: 8, outputs: 2, width: 48, scale: 2, rng: rng.fork("generator") });
  using discriminator = new PointNetwork({ inputs: 2, outputs: 1, width: 48, rng: rng.fork("discriminator") });
  using generatorOptimizer = new Adam(generator.parameters(), { learningRate: rates.generator, beta1: 0.5 });
  using discriminatorOptimizer = new Adam(discriminator.parameters(), { learningRate: rates.discriminator, beta1: 0.5 });
  const latents = drawLatents(1000, { size: 8, rng: rng.fork("census") });
  const count = async (): Promise<Census> =>
    census(await generateExamples({ device, latents, generate: (latents) => generator.forward(latents), batchSize: 1000 }), mixture);
  const warnings: GanWarning[] = [];
  const batchSize = 64;
  const { reason, history } = await fitGan<Points>({
    ...{ device, generator, discriminator, batchSize, loss: nonSaturating(), field: "points", latent: 8, rng: rng.fork("fit"), epochs: 10 },
    optimizers: { generator: generatorOptimizer, discriminator: discriminatorOptimizer },
    dataset: pointsOf(mixture, { count: (steps / 10) * batchSize, rng: rng.fork("data") }),
    validate: async () => ({ ...(await count()) }),
    callbacks: [
      new GanAlarm({
        onWarning: (warning) => warnings.push(warning),
        coverage: { metric: "validation/modes", modes: mixture.centres.length },
      }),
    ],
    ...rules,
  });
  const modesAlong = history.map(({ metrics }) => metrics["validation/modes"]!);
  const modes = mixture.centres.length;
  const alarm = warnings[0]?.message.replace(/\. Try.*/s, "") ?? "none";
  rows.push(
    `| ${name} | ${modesAlong.join(", ")} | ${mean(late(modesAlong)).toFixed(1)} of ${modes}, at most ${most(late(modesAlong))} | ${alarm} |`,
  );
  return { reason, warnings, ...(await count()), modesAlong };
}

/** Ten times the discriminator's rate: the generator runs from mode to mode. */
const hasty = { generator: 2e-3, discriminator: 2e-4 };
const even = { generator: 1e-3, discriminator: 1e-3 };
const r1: Partial<FitGanOptions<Points>> = { penalty: ({ critic, real }) => r1Penalty(critic, real, { weight: 0.1 }) };

/** Modes in the last third of a run: the two players never come to rest. */
const late = (modesAlong: readonly number[]): readonly number[] => modesAlong.slice(-4);
const most = (modes: readonly number[]): number => Math.max(...modes);
const mean = (modes: readonly number[]): number => modes.reduce((sum, n) => sum + n, 0) / modes.length;

describe("eight Gaussians on a ring", () => {
  test("a hasty generator collapses, and the alarm says so and what to try", async () => {
    const { warnings, modesAlong } = await play({ name: "ring, hasty", mixture: ring8, steps: 2000, rates: hasty });
    expect(most(late(modesAlong))).toBeLessThanOrEqual(3);
    const messages = warnings.map(({ message }) => message);
    expect(messages[0]).toMatch(
      /^collapse at step 200: \d of 8 modes are covered\. Try R1 or, where .+ gradientPenalty, more discriminatorSteps/,
    );
    // The distances among samples tell the same, without knowing the modes.
    expect(messages.some((message) => message.includes("distances among samples"))).toBe(true);
  });

  test.each([
    // The generator moves at a third of the steps: 1,667 times.
    ["R1 and three steps of the discriminator, at the same rates", { rates: hasty, steps: 5000, rules: { ...r1, discriminatorSteps: 3 } }],
    ["R1 and even rates", { rates: even, steps: 2500, rules: r1 }],
  ])("%s find all eight", async (name, remedy) => {
    const { modesAlong } = await play({ name: `ring, ${name}`, mixture: ring8, ...remedy });
    expect(most(late(modesAlong))).toBe(8);
    expect(mean(late(modesAlong))).toBeGreaterThanOrEqual(7);
  });
});

describe("twenty-five Gaussians on a grid", () => {
  test("a hasty generator collapses, and the alarm says so", async () => {
    const { warnings, modesAlong } = await play({ name: "grid, hasty", mixture: grid25, steps: 2000, rates: hasty });
    expect(most(late(modesAlong))).toBeLessThanOrEqual(8);
    expect(warnings.map(({ trouble }) => trouble)).toContain("collapse");
  });

  test("R1 and even rates find all twenty-five", async () => {
    const { modesAlong } = await play({ name: "grid, R1 and even rates", mixture: grid25, steps: 3000, rates: even, rules: r1 });
    expect(most(late(modesAlong))).toBe(25);
    expect(mean(late(modesAlong))).toBeGreaterThanOrEqual(20);
  });
});
