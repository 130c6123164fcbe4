/** The way to Redis: one look whether it is there, and connections that wait when it goes away for a while. */

import { DataError, OptionError } from "@dl/core";
import { Redis } from "ioredis";

/** For BullMQ: commands wait for a server that restarts, instead of failing. */
export interface RedisAddress {
  readonly url: string;
  readonly maxRetriesPerRequest: null;
}

/** @throws OptionError for an address that is none; DataError when nobody answers there. */
export async function reachRedis(where: string, url: string): Promise<RedisAddress> {
  if (!/^rediss?:\/\/./.test(url)) {
    throw new OptionError(`${where}: expected an address such as redis://localhost:6379, got ${JSON.stringify(url)}.`);
  }
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5000 });
  // What went wrong comes through connect().
  let reason = "";
  probe.on("error", (error: Error) => {
    reason ||= error.message;
  });
  try {
    await probe.connect();
    await probe.ping();
  } catch (error) {
    throw new DataError(
      `${where}: expected a Redis server at ${url}, got ${reason || (error as Error).message}. Start one with: redis-server --appendonly yes`,
    );
  } finally {
    probe.disconnect();
  }
  return { url, maxRetriesPerRequest: null };
}

/** A connection for commands of our own. */
export function connectRedis(address: RedisAddress): Redis {
  const redis = new Redis(address.url, { maxRetriesPerRequest: null });
  // It connects again by itself; without a listener, each loss would be printed.
  redis.on("error", () => {});
  return redis;
}
