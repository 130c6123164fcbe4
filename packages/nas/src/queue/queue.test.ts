import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Rng } from "@dl/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Evaluate,
  gridSearch,
  integer,
  medianStopping,
  record,
  type SearchResult,
  search,
  successiveHalving,
  TrialFailed,
} from "../index.ts";
import { openTrialQueue, serveTrials } from "./index.ts";
import { hasRedis, RedisServer } from "./redis-fixture.ts";

const space = record({ x: integer(0, 9) });
type Value = { readonly x: number };
const objectives = { height: "maximize" } as const;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dl-queue-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.runIf(process.env.CI === "true")("a Redis server is at hand where results count", () => {
  expect(hasRedis).toBe(true);
});

test("a server that is not there, and an address that is none, are told at once", async () => {
  await expect(openTrialQueue({ url: "redis://127.0.0.1:9" })).rejects.toThrow(
    /openTrialQueue: expected a Redis server at redis:\/\/127.0.0.1:9, got .*ECONNREFUSED/,
  );
  await expect(serveTrials({ url: "localhost", open: () => () => ({}) })).rejects.toThrow(
    "expected an address such as redis://localhost:6379",
  );
  await expect(serveTrials({ url: "redis://127.0.0.1:9", workers: 0, open: () => () => ({}) })).rejects.toThrow("at least one worker");
});

describe.runIf(hasRedis)("trials through a Redis server", () => {
  let server: RedisServer;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    await mkdir(join(folder, "redis"));
    server = await RedisServer.start(join(folder, "redis"));
  }, 60_000);
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    await server[Symbol.asyncDispose]();
  });

  const runSearch = async (evaluate: Evaluate<Value>, options: object = {}): Promise<SearchResult<Value>> =>
    search(space, { strategy: gridSearch(space), evaluate, objectives, limits: { trials: 100 }, workers: 3, ...options });
  const startWorker = (log: string, { name, most }: { name: string; most: number }): ChildProcess => {
    const file = fileURLToPath(new URL("./worker-fixture.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=@dl/source", "--import", "tsx", file, server.url, log, name, String(most)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    running.push(child);
    return child;
  };
  const linesOf = async (log: string): Promise<string[]> => (await readFile(log, "utf8").catch(() => "")).split("\n").slice(0, -1);
  const until = async (log: string, isThere: (lines: readonly string[]) => boolean): Promise<void> => {
    while (!isThere(await linesOf(log))) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  test("two workers, each killed with -9 while it works, and the server too: every trial ends, with the right result", async () => {
    const log = join(folder, "killed.log");
    // The first hangs in its first trial, the second in its second.
    const [first, second] = [startWorker(log, { name: "first", most: 0 }), startWorker(log, { name: "second", most: 1 })];
    await until(log, (lines) => lines.filter((line) => line.endsWith("ready")).length === 2);
    await using trials = await openTrialQueue<Value>({ url: server.url, about: { factor: 3 }, interval: 50 });
    const searching = runSearch(trials.evaluate);
    const begun = (lines: readonly string[], name: string) => lines.filter((line) => line.startsWith(`${name} begins`)).length;
    await until(log, (lines) => begun(lines, "first") === 1 && begun(lines, "second") === 2);
    first.kill("SIGKILL");
    await server.kill();
    await server.start();
    startWorker(log, { name: "third", most: 100 });
    await until(log, (lines) => lines.includes("third ready"));
    second.kill("SIGKILL");
    const { trials: done, reason } = await searching;
    expect(reason).toBe("exhausted");
    expect(done.map(({ measurements, attempts }) => ({ ...measurements, attempts }))).toEqual(
      Array.from({ length: 10 }, (_, x) => ({ height: 3 * x, attempts: 1 })),
    );
    // What the dead had begun was given back: somebody else began it again, and ended it once.
    const lines = await linesOf(log);
    const ended = lines.filter((line) => line.includes(" ends "));
    expect(new Set(ended.map((line) => line.split(" ends ")[1])).size).toBe(10);
    for (const name of ["first", "second"]) {
      const [, lost] = lines.findLast((line) => line.startsWith(name))!.split(" begins ");
      expect(ended).toContain(`third ends ${lost}`);
    }
  }, 120_000);

  test("a search that goes on finds the jobs it gave out before: nothing runs twice", async () => {
    const ran: number[] = [];
    await using _service = await serveTrials({
      ...{ url: server.url, queue: "again", workers: 3 },
      open:
        () =>
        ({ value, number }) => {
          ran.push(number);
          return { height: (value as Value).x };
        },
    });
    await using trials = await openTrialQueue<Value>({ url: server.url, queue: "again", interval: 20 });
    const first = await runSearch(trials.evaluate);
    // Without a journal, as one whose last lines were not written yet.
    const second = await runSearch(trials.evaluate);
    expect(second.trials.map(({ measurements }) => measurements)).toEqual(first.trials.map(({ measurements }) => measurements));
    expect(ran.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }, 60_000);

  test("failures, final failures and stops come through", async () => {
    const seen: number[] = [];
    await using _service = await serveTrials({
      ...{ url: server.url, queue: "bad" },
      open:
        () =>
        async ({ value, report, number }) => {
          const { x } = value as Value;
          seen.push(number);
          if (x === 7) throw new Error("out of luck");
          if (x === 8) throw new TrialFailed("hopeless");
          for (let step = 1; step <= 30; step++) {
            await report(step, x === 9 ? -1 : x);
            await new Promise((resolve) => setTimeout(resolve, x === 9 ? 50 : 0));
          }
          return { height: x };
        },
    });
    await using trials = await openTrialQueue<Value>({ url: server.url, queue: "bad", interval: 20 });
    const { trials: done } = await runSearch(trials.evaluate, { workers: 1, stopping: medianStopping({ warmUpTrials: 3 }) });
    expect(done.slice(0, 7).map(({ measurements }) => measurements?.height)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(done[7]).toMatchObject({ measurements: null, attempts: 2, error: "DataError: out of luck" });
    expect(done[8]).toMatchObject({ measurements: null, attempts: 1, error: expect.stringContaining("hopeless") });
    expect(done[9]!.stoppedAt).toBeGreaterThan(0);
    expect(done[9]!.stoppedAt).toBeLessThan(30);
    expect(seen.filter((number) => number === 7)).toHaveLength(2);
  }, 60_000);

  test("what failed is tried anew: by the same search when it goes on, and by another; what another did is not taken for its own", async () => {
    const ran: string[] = [];
    let isMended = false;
    await using _service = await serveTrials({
      ...{ url: server.url, queue: "mended", workers: 3 },
      open(about) {
        if (!isMended) throw new Error("no data here");
        return ({ value }) => {
          ran.push(`${about} ${(value as Value).x}`);
          return { height: (value as Value).x };
        };
      },
    });
    const searchAs = async (run: string) => {
      await using trials = await openTrialQueue<Value>({ url: server.url, queue: "mended", interval: 20, run, about: run });
      return await runSearch(trials.evaluate, { limits: { trials: 3 } });
    };
    await expect(searchAs("first")).rejects.toThrow("got 3 failures, the last with: DataError: no data here");
    isMended = true;
    const heights = async (run: string) => (await searchAs(run)).trials.map(({ measurements }) => measurements?.height);
    expect(await heights("first")).toEqual([0, 1, 2]);
    expect(await heights("first")).toEqual([0, 1, 2]);
    expect(await heights("second")).toEqual([0, 1, 2]);
    expect(ran.sort()).toEqual(["first 0", "first 1", "first 2", "second 0", "second 1", "second 2"]);
  }, 60_000);

  test("two searches that say the same of themselves are two, unless one name says that they are one", async () => {
    let ran = 0;
    await using _service = await serveTrials({ url: server.url, queue: "two", open: () => () => ({ height: ++ran }) });
    for (const run of [undefined, undefined, "one", "one"]) {
      await using trials = await openTrialQueue<Value>({ url: server.url, queue: "two", interval: 20, ...(run && { run }) });
      await runSearch(trials.evaluate, { limits: { trials: 2 } });
    }
    expect(ran).toBe(6);
  }, 60_000);

  test("every report comes through, also of a trial that ends between two looks, and so does that it began anew", async () => {
    await using _service = await serveTrials({
      ...{ url: server.url, queue: "reports" },
      open:
        () =>
        async ({ value, from, report, beginAnew }) => {
          if (from !== undefined) beginAnew();
          for (let step = 1; step <= 3; step++) await report(step, (value as Value).x);
          return { height: (value as Value).x };
        },
    });
    await using trials = await openTrialQueue<Value>({ url: server.url, queue: "reports", interval: 100 });
    const strategy = successiveHalving(space, { candidates: 3, budgets: [1, 3], rng: new Rng(1) });
    const { trials: done } = await runSearch(trials.evaluate, { strategy, workers: 1 });
    expect(done.map(({ reports }) => reports?.map(({ step }) => step))).toEqual(Array(4).fill([1, 2, 3]));
    expect(done.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
    expect(done.map(({ anew }) => anew)).toEqual([undefined, undefined, undefined, true]);
  }, 60_000);

  test("a search that is interrupted takes back what nobody has begun", async () => {
    const stop = new AbortController();
    await using trials = await openTrialQueue<Value>({ url: server.url, queue: "nobody", interval: 20 });
    setTimeout(() => stop.abort(), 300);
    const { reason, trials: done } = await runSearch(trials.evaluate, { signal: stop.signal });
    expect([reason, done.length]).toEqual(["interrupted", 0]);
    const ran: number[] = [];
    await using _service = await serveTrials({
      ...{ url: server.url, queue: "nobody" },
      open:
        () =>
        ({ number }) => {
          ran.push(number);
          return { height: 0 };
        },
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ran).toEqual([]);
  }, 60_000);
});
