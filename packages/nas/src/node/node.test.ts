import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { choice, float, gridSearch, integer, medianStopping, randomSearch, record, search, TrialFailed } from "../index.ts";
import { journalFile, openTrialWorkers } from "./index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dl-nas-"));
});
afterAll(() => rm(folder, { recursive: true }));

const execArgv = ["--conditions=@dl/source"];
const fixture = new URL("./trial-fixture.ts", import.meta.url);
const objectives = { height: "maximize" } as const;
const line = record({ x: integer(0, 9), how: choice(["well"]) });
const height = ({ value }: { value: { x: number } }) => ({ height: value.x });

describe("the journal", () => {
  const run = async (path: string, trials: number, seed = 1, space = line) => {
    await using journal = journalFile(path);
    const strategy = randomSearch(space, { rng: new Rng(seed) });
    return search(space, { strategy, evaluate: height, objectives, limits: { trials }, journal, seed });
  };

  test("holds a line for each trial, and a search goes on from it", async () => {
    const path = join(folder, "a.jsonl");
    await run(path, 3);
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    expect(lines).toHaveLength(1 + 3);
    const { trials } = await run(path, 6);
    expect(trials.filter(({ remembered }) => !remembered)).toHaveLength(6);
    expect((await readFile(path, "utf8")).startsWith(lines.join("\n"))).toBe(true);
  });

  test("folders on the way to it are made", async () => {
    const path = join(folder, "runs", "search", "journal.jsonl");
    await run(path, 2);
    expect((await readFile(path, "utf8")).trim().split("\n")).toHaveLength(1 + 2);
  });

  test("a file without an end of line that is no journal is left alone; a first line cut off is written again", async () => {
    const path = join(folder, "notes.txt");
    for (const text of ["not to be lost", '{"some":"json"}\nnot to be lost']) {
      await writeFile(path, text);
      await expect(run(path, 2)).rejects.toThrow("got another file");
      expect(await readFile(path, "utf8")).toBe(text);
    }
    const cut = join(folder, "cut.jsonl");
    await run(cut, 2);
    await writeFile(cut, (await readFile(cut, "utf8")).slice(0, 20));
    expect((await run(cut, 2)).trials).toHaveLength(2);
  });

  test("a line cut off by a crash is dropped, and its trial runs again", async () => {
    const path = join(folder, "b.jsonl");
    await run(path, 4);
    const whole = await readFile(path, "utf8");
    await writeFile(path, whole.slice(0, -20));
    const { trials } = await run(path, 4);
    expect(trials.filter(({ remembered }) => !remembered)).toHaveLength(4);
    const seconds = /"(seconds|elapsed)":[^,}]*/g;
    expect((await readFile(path, "utf8")).replace(seconds, "")).toBe(whole.replace(seconds, ""));
  });

  test("of another space, of another seed, broken in the middle, or no journal at all: each is told and left alone", async () => {
    const path = join(folder, "c.jsonl");
    await run(path, 2);
    const before = await readFile(path, "utf8");
    await expect(run(path, 2, 1, record({ x: integer(0, 8), how: choice(["well"]) }))).rejects.toThrow("got one with another space");
    await expect(run(path, 2, 7)).rejects.toThrow("got one with another seed: 1 rather than 7");
    expect(await readFile(path, "utf8")).toBe(before);
    await appendFile(path, "{]\n");
    await expect(run(path, 2)).rejects.toThrow(/c\.jsonl:4: expected a line of JSON, got "\{\]"/);
    await writeFile(path, '{"some":"json"}\n');
    await expect(run(path, 2)).rejects.toThrow("expected a journal of format dl-search-1, got another file");
    await writeFile(path, `${before.split("\n")[0]}\n{"number":"0"}\n`);
    await expect(run(path, 2)).rejects.toThrow("c.jsonl:2: expected a finished trial");
    const [head, first] = before.split("\n") as [string, string];
    await writeFile(path, `${head}\n${first.replace('"attempts"', '"reports":[{"step":1}],"attempts"')}\n`);
    await expect(run(path, 2)).rejects.toThrow("c.jsonl:2: expected a finished trial");
  });
});

describe("trials in threads", () => {
  test("two at once give what one gives; reports come through, and so does the order to stop", async () => {
    const of = async (workers: number) => {
      await using pool = await openTrialWorkers<{ x: number; how: string }>(fixture, { workers, input: { top: 4 }, execArgv });
      const { trials, best } = await search(line, {
        ...{ strategy: gridSearch(line), evaluate: pool.evaluate, objectives, limits: { trials: 100 }, workers },
      });
      expect(best!.candidate.value.x).toBe(4);
      return trials.map(({ measurements }) => measurements);
    };
    expect(await of(2)).toEqual(await of(1));
    await using pool = await openTrialWorkers<{ x: number; how: string }>(fixture, { workers: 1, input: { top: 0 }, execArgv });
    const { trials } = await search(line, {
      ...{
        strategy: gridSearch(line),
        evaluate: pool.evaluate,
        objectives,
        limits: { trials: 100 },
        stopping: medianStopping({ warmUpTrials: 3 }),
      },
    });
    expect(trials.map(({ stoppedAt }) => stoppedAt !== undefined)).toEqual([...Array(3).fill(false), ...Array(7).fill(true)]);
  });

  test("a thread that dies fails its trial, which is tried again in a new one; one that hangs is ended; one that throws lives on", async () => {
    const bad = record({ how: choice(["dies", "throws", "hangs", "well"]), x: float(1, 1) });
    await using pool = await openTrialWorkers<{ x: number; how: string }>(fixture, {
      workers: 2,
      input: { top: 1 },
      timeLimit: 2,
      execArgv,
    });
    const { trials } = await search(bad, {
      ...{ strategy: gridSearch(bad), evaluate: pool.evaluate, objectives, limits: { trials: 100 }, workers: 2, retries: 1 },
    });
    expect(trials.map(({ measurements }) => measurements)).toEqual([{ height: 0, attempt: 2 }, null, null, { height: 0, attempt: 1 }]);
    expect(trials[1]!.error).toContain("out of luck");
    expect(trials[2]!.error).toContain("expected an end within 2 s");
  });

  const taskOf = (how: string, more: object = {}) => ({
    ...{ value: { x: 1, how }, number: 0, seed: 0, budget: undefined, from: undefined, attempt: 1 },
    ...{ signal: new AbortController().signal, report: async () => {}, beginAnew: () => {} },
    ...more,
  });

  test("a thread that cannot be replaced fails the trials that want it, and none waits for ever; it starts when it can again", async () => {
    const gate = join(folder, "gate");
    await writeFile(gate, "");
    await using pool = await openTrialWorkers<{ x: number; how: string }>(fixture, { workers: 1, input: { top: 1, gate }, execArgv });
    const dying = pool.evaluate(taskOf("dies"));
    const waiting = pool.evaluate(taskOf("well"));
    await rm(gate);
    await expect(dying).rejects.toThrow("got its end with exit code 3");
    await expect(waiting).rejects.toThrow("the gate is shut");
    await expect(pool.evaluate(taskOf("well"))).rejects.toThrow("the gate is shut");
    await writeFile(gate, "");
    expect(await pool.evaluate(taskOf("well"))).toEqual({ height: 0, attempt: 1 });
  });

  test("closed while trials run and wait, all of them end, and no other thread starts", async () => {
    const log = join(folder, "threads.log");
    const pool = await openTrialWorkers<{ x: number; how: string }>(fixture, { workers: 1, input: { top: 1, log }, execArgv });
    const ends = ["hangs", "well"].map((how) => expect(pool.evaluate(taskOf(how))).rejects.toThrow("they were closed"));
    await pool.close();
    await Promise.all(ends);
    await expect(pool.evaluate(taskOf("well"))).rejects.toThrow("they were closed");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await readFile(log, "utf8")).toBe("a thread\n");
  });

  test("nothing that a trial says is lost: reports it does not wait for, that it began anew; and what a dead one leaves behind hurts nobody", async () => {
    const log = join(folder, "bombs.log");
    await using pool = await openTrialWorkers<{ x: number; how: string }>(fixture, { workers: 1, input: { top: 1, log }, execArgv });
    const said: (number | string)[] = [];
    const slow = async (step: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      said.push(step);
    };
    const end = await pool.evaluate(taskOf("hurries", { from: 7, report: slow, beginAnew: () => said.push("anew") }));
    expect([said, end]).toEqual([["anew", 1, 2, 3], { height: 0, attempt: 1 }]);
    const refusing = taskOf("well", { report: () => Promise.reject(new TrialFailed("no number")) });
    await expect(pool.evaluate(refusing)).rejects.toThrow("no number");
    await pool.evaluate(taskOf("leaves a bomb"));
    // One that is just running may go down with the thread; the next has another.
    const threads = async (): Promise<number> => {
      await Promise.resolve(pool.evaluate(taskOf("well"))).catch(() => {});
      return (await readFile(log, "utf8")).split("\n").length - 1;
    };
    await expect.poll(threads, { timeout: 20_000 }).toBe(2);
    expect(await pool.evaluate(taskOf("well"))).toEqual({ height: 0, attempt: 1 });
  });

  test("a module without a trial is told, and nothing is left running", async () => {
    const none = new URL("./journal-file.ts", import.meta.url);
    await expect(openTrialWorkers(none, { execArgv })).rejects.toThrow("to export a function trial(input), got undefined");
  });
});
