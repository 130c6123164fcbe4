import { expect, test } from "vitest";
import { cases } from "../cases.ts";
import { Crew } from "../contestants/crew.ts";
import { quickPlan } from "./rounds.ts";
import { type RunOptions, runCase } from "./run-case.ts";

const crewOf = (node: string): Crew => new Crew({ node, threads: 1, relaxed: "auto", keep: true });
const optionsOf = (crew: Crew): RunOptions => ({ crew, seed: 1, plan: quickPlan, memorySteps: 1, quick: true });
const overhead = cases.find(({ name }) => name === "framework-overhead-lenet-4")!;

test("a result that cannot be right is an error, not a row", async () => {
  await using crew = crewOf(process.execPath);
  const options = optionsOf(crew);
  // No difference is below zero.
  await expect(runCase({ ...overhead, tolerance: -1 }, options)).rejects.toThrow(
    /expected the values of bare within -1 of ours, got a difference of 0:/,
  );
  const diverging = { ...overhead, parameters: { ...overhead.parameters, learningRate: 1e30 } };
  await expect(runCase(diverging, options)).rejects.toThrow(/expected finite values from ours/);
  await expect(runCase({ ...overhead, name: "no-such-case" }, options)).rejects.toThrow(/expected a case, got "no-such-case"/);
});

test("a contestant that does not start is told with its reason", async () => {
  await using crew = crewOf("/no/such/node");
  await expect(runCase(overhead, optionsOf(crew))).rejects.toThrow(/could not start \/no\/such\/node/);
});
