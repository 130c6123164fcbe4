import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dlHere, startDl, until } from "../dl-fixture.ts";

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
const module = join(import.meta.dirname, "problem-fixture.ts");

test("dl worker without an address, with a wrong one, or with too many modules is told", async () => {
  const wrong = async (...words: string[]) => dlHere("worker", ...words);
  expect(await wrong()).toMatchObject({ code: 2, stderr: expect.stringContaining("expected --queue with the address of a Redis server") });
  expect((await wrong("--queue", "redis://127.0.0.1:9")).stderr).toContain("expected a Redis server at redis://127.0.0.1:9, got");
  expect((await wrong("a.ts", "b.ts", "--queue", "redis://127.0.0.1:9")).stderr).toContain("expected [module], got a.ts b.ts");
  expect((await wrong("nowhere.ts", "--queue", "redis://127.0.0.1:9")).stderr).toContain("expected a module, got nothing there");
});

describe.runIf(hasRedis)("dl search --queue and dl worker", () => {
  let folder: string;
  let server: ChildProcess;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dl-worker-"));
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    url = `redis://127.0.0.1:${port}`;
    server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""]);
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.stdout!.setEncoding("utf8").on("data", (text: string) => text.includes("Ready to accept connections") && resolve());
    });
  }, 60_000);
  afterAll(async () => {
    const gone = new Promise((resolve) => server.on("exit", resolve));
    server.kill("SIGKILL");
    await gone;
    await rm(folder, { recursive: true });
  });

  test("a worker runs the trials of a module's problem, and ends in order when it is interrupted", async () => {
    const worker = startDl(["worker", module, "--queue", url]);
    await until(worker, () => worker.stderr().includes("waiting for trials of hill"));
    const out = join(folder, "out");
    const ended = await dlHere("search", module, "--strategy", "grid", "--trials", "6", "--queue", url, "--out", out, "--json");
    expect(ended.code, ended.stderr).toBe(0);
    // 0a, 0b, … 2b, in order: the best of them is the last.
    expect(JSON.parse(ended.stdout)).toMatchObject({
      trials: 6,
      failed: 0,
      best: { value: { x: 2, kind: "b" }, measurements: { height: -17.5, cost: 2 } },
    });
    worker.process.kill("SIGINT");
    expect(await worker.ended).toMatchObject({ code: 130, stderr: expect.stringContaining("(6 here)") });
  }, 120_000);
});
