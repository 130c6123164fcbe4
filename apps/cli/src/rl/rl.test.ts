import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunFolder } from "@dl/train/node";
import { afterAll, expect, test, vi } from "vitest";
import { dlHere } from "../dl-fixture.ts";
import { readOutcome } from "../run-outcome.ts";

const folder = await mkdtemp(join(tmpdir(), "dl-agent-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const run = join(folder, "run");

test("an agent is trained, told of, resumed and watched", async () => {
  const trained = await dlHere("train", "ppo-cartpole", "--steps", "1024", "--out", run, "--backend", "cpu", "--json");
  expect(trained.code, trained.stderr).toBe(0);
  const told = JSON.parse(trained.stdout) as { steps: number; return: { mean: number } };
  expect(told.steps).toBe(1024);
  expect(told.return.mean).toBeGreaterThan(8);
  expect((await readdir(run)).sort()).toEqual(
    expect.arrayContaining([
      "agent.safetensors",
      "checkpoint.safetensors",
      "episode.apng",
      "episode.json",
      "metrics.csv",
      "report.html",
      "run.json",
      "tensorboard",
    ]),
  );
  expect(await readFile(join(run, "metrics.csv"), "utf8")).toMatch(/approx_kl.*\n.*\n/);

  const film = JSON.parse(await readFile(join(run, "episode.json"), "utf8")) as { steps: number; evaluationMean: number; return: number };
  const evaluations = (await readFile(join(run, "metrics.csv"), "utf8")).split("\n").map((line) => line.split(","));
  const at = (name: string): number => evaluations[0]!.indexOf(name);
  const best = Math.max(
    ...evaluations
      .slice(1)
      .map((row) => Number(row[at("evaluation_mean")] || Number.NaN))
      .filter((x) => x > 0),
  );
  // The film is of the agent that was evaluated best, whenever that was.
  expect(film.evaluationMean).toBeCloseTo(best, 3);
  expect(evaluations.find((row) => Number(row[at("evaluation_mean")]) === best)![at("step")]).toBe(String(film.steps));
  expect(film.return).toBeGreaterThan(0);

  const { results, command } = (await readOutcome(run))!;
  expect(command).toBe("pnpm dl train ppo-cartpole --seed 1 --steps 1024 --backend cpu");
  expect(results[0]).toEqual({ name: "mean return of 100 episodes", value: told.return.mean, floor: null, better: null });

  const again = await dlHere("resume", run, "--json");
  expect(again.code, again.stderr).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ steps: 1024, return: told.return, seed: 1, backend: "cpu", reason: "finished" });
  expect(JSON.parse(again.stdout)).toMatchObject({ files: { agent: join(run, "agent.safetensors"), film: join(run, "episode.apng") } });
  // The report of a run that was resumed has its whole curve.
  expect(await readFile(join(run, "report.html"), "utf8")).toContain("evaluation_mean");

  const measured = await dlHere("evaluate", run, "--json");
  expect(measured.code, measured.stderr).toBe(0);
  expect(JSON.parse(measured.stdout)).toMatchObject({ task: "ppo-cartpole", steps: 1024, episodes: 100, return: told.return });

  const page = join(folder, "film.html");
  const watched = await dlHere("watch", "--run", run, "--out", page, "--width", "40");
  expect(watched.code, watched.stderr).toBe(0);
  expect(watched.stdout).toMatch(/^return \d+\.00 in \d+ steps: /);
  expect(await readFile(page, "utf8")).toContain("data:image/apng;base64,");
});

test("training ends once evaluation episodes earn what was asked, and says so", async () => {
  const quick = join(folder, "quick");
  const inputs = ["ppo-cartpole", "--steps", "4096", "--stop-at-return", "9", "--out", quick, "--backend", "cpu", "--json"];
  const { code, stdout, stderr } = await dlHere("train", ...inputs);
  expect(code, stderr).toBe(0);
  // Anybody balances for nine steps: the first evaluation, after a tenth of the training, is the last.
  expect((JSON.parse(stdout) as { steps: number }).steps).toBe(512);
  expect(stderr).toContain("return of 9 reached after 512 steps");
  expect(JSON.parse(await readFile(join(quick, "run.json"), "utf8"))).toMatchObject({ settings: { stopAtReturn: 9 } });
});

test("an agent that was killed before its first checkpoint begins anew, with the same bits", async () => {
  const killed = join(folder, "killed");
  const written = vi.spyOn(RunFolder.prototype, "write");
  expect((await dlHere("train", "ppo-cartpole", "--steps", "512", "--backend", "cpu", "--out", killed)).code).toBe(0);
  const names = written.mock.calls.map(([name]) => name);
  written.mockRestore();
  // Killed between the two, a run that is resumed would not play the film again.
  expect(names).toContain("episode.json");
  expect(names.indexOf("episode.json")).toBeLessThan(names.indexOf("checkpoint.safetensors"));

  const agent = await readFile(join(killed, "agent.safetensors"));
  for (const name of ["agent.safetensors", "checkpoint.safetensors"]) await rm(join(killed, name));
  await writeFile(join(killed, "metrics.csv"), "step,return_mean\n128,9\n");
  const resumed = await dlHere("resume", killed);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).toContain("no checkpoint yet: beginning anew");
  expect((await readFile(join(killed, "agent.safetensors"))).equals(agent)).toBe(true);
});

test("what does not fit is refused with a reason", async () => {
  expect(await dlHere("train", "ppo-cartpole", "--epochs", "3")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      "--epochs: expected none with ppo-cartpole, an agent's task, which takes --seed, --steps and --stop-at-return, got 3",
    ),
  });
  expect(await dlHere("train", "ppo-cartpole", "--stop-at-return", "high")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--stop-at-return: expected a number, got "high"'),
  });
  expect(await dlHere("watch", folder)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("expected a run of dl train with a task such as ppo-cartpole"),
  });
});
