/** For tests: a Redis server of their own, on a free port, that keeps what it is told. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { DataError } from "@dl/core";
import { Redis } from "ioredis";

export const hasRedis: boolean = spawnSync("redis-server", ["--version"]).status === 0;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class RedisServer implements AsyncDisposable {
  readonly url: string;
  readonly #words: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#words = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      folder,
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
      "--save",
      "",
    ];
  }

  static async start(folder: string): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), folder);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.#process = spawn("redis-server", this.#words, { stdio: "ignore" });
    for (let i = 0; i < 600; i++) {
      const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
      redis.on("error", () => {});
      const answer = await redis.connect().then(
        () => redis.ping(),
        () => undefined,
      );
      redis.disconnect();
      if (answer === "PONG") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new DataError("redis-server: expected an answer within 30 s, got none.");
  }

  /** As a crash would: no goodbye, nothing written. */
  async kill(): Promise<void> {
    const child = this.#process!;
    const gone = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process!.exitCode === null && this.#process!.signalCode === null ? this.kill() : Promise.resolve();
  }
}
