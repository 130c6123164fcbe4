/** What `dl search` tries first. */

import { ofGenotype } from "@dl/nas";
import { expect, test } from "vitest";
import { gptShakespeare } from "./gpt-shakespeare.ts";
import { lenetMnist } from "./lenet-mnist.ts";
import { searchOf } from "./search.ts";

test("an image recipe's own rate and batch are tried first", () => {
  const [preset] = lenetMnist.presets;
  const { space, known, tried } = searchOf(lenetMnist, preset);
  expect(known!.map((genotype) => tried(preset, ofGenotype(space, genotype).value).defaults)).toEqual([preset.defaults]);
});

test("gpt-shakespeare's own settings are tried first, and every candidate sees as many windows", () => {
  const [preset] = gptShakespeare.presets;
  const { space, known, trained } = searchOf(gptShakespeare, preset);
  const optimizer = { weightDecay: 0.1, beta2: 0.99, finalShare: 0.1 };
  const [first] = known!.map((genotype) => trained(preset, ofGenotype(space, genotype).value));
  expect(first).toEqual({ ...preset, model: { ...preset.model, deviation: 0.02 }, optimizer });
  const batches = space.decisions("").find(({ path }) => path === "batchSize")!.domain;
  expect(batches).toMatchObject({ kind: "choice", count: 6 });
  for (let batchSize = 0; batchSize < 6; batchSize++) {
    const { defaults, stepsPerEpoch } = trained(preset, ofGenotype(space, { ...known![0]!, batchSize }).value) as typeof preset;
    expect(defaults.batchSize * stepsPerEpoch).toBe(3000);
  }
});
