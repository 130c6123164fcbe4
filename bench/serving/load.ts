/** Clients of an HTTP server that ask, wait for the answer, and ask again: each request is counted, and timed from its first byte to the answer's last. */

import { Agent, request } from "node:http";

export interface LoadOptions {
  url: string;
  contentType: string;
  body: Uint8Array;
  /** Requests at a time, each on a connection of its own. */
  clients: number;
  /** How long new requests are begun. */
  seconds: number;
}

export interface LoadResult {
  readonly clients: number;
  readonly seconds: number;
  /** Requests by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests whose connection broke, or whose answer was not whole. */
  readonly lost: number;
  /** Milliseconds of those answered 200, ascending. */
  readonly milliseconds: readonly number[];
}

export async function runLoad({ url, contentType, body, clients, seconds }: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const statuses: Record<number, number> = {};
  const milliseconds: number[] = [];
  let lost = 0;
  const start = performance.now();
  const end = start + 1000 * seconds;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const begun = performance.now();
      const status = await post(url, { agent, contentType, body });
      if (status === undefined) lost++;
      else statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 200) milliseconds.push(performance.now() - begun);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    agent.destroy();
  }
  return { clients, seconds: (performance.now() - start) / 1000, statuses, lost, milliseconds: milliseconds.sort((a, b) => a - b) };
}

/** The status of the answer, once its last byte is there; undefined when it never came. */
function post(
  url: string,
  { agent, contentType, body }: { agent: Agent; contentType: string; body: Uint8Array },
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-type": contentType, "content-length": body.length };
    const asked = request(url, { method: "POST", agent, headers }, (answer) => {
      answer.on("error", () => resolve(undefined));
      answer.on("close", () => resolve(answer.complete ? answer.statusCode : undefined));
      answer.resume();
    });
    asked.on("error", () => resolve(undefined));
    asked.end(body);
  });
}

/** The smallest value that a share of all are at most: of a hundred, the ninety-ninth for 0.99. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}
